"""What an encoder–decoder writes, against the library's `generate`: greedy and by beams."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from dashboard import UserError, of_part, open_model, write_target
from dashboard.capture.language import language_head
from dashboard.capture.write_target import _Search
from dashboard.cli import main
from dashboard.text.target import LAST
from tests.helpers.two_stacks import SOURCE, write

MOST = 14


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    made = {}

    def get(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp("beams") / kind
            write(kind, folder)
            made[kind] = open_model(str(folder))
        return made[kind]

    return get


def by_generate(model, beams, source=None, **settings) -> list[int]:
    library = AutoModelForSeq2SeqLM.from_pretrained(model.source.folder, dtype=torch.float32).eval()
    ids = torch.tensor([source or model.encode(SOURCE).ids])
    with torch.inference_mode():
        return library.generate(ids, num_beams=beams, do_sample=False, max_length=MOST, **settings)[0].tolist()


def searched(decoder, beams) -> tuple[list[int], list[int]]:
    """What our search finds, without the token that ends it, and the tokens that end a text."""
    search = _Search(decoder, language_head(decoder), MOST)
    return (search.greedy() if beams == 1 else search.best(beams)), search.ends


def without_end(ids, ends) -> list[int]:
    return ids[:-1] if ids[-1] in ends else ids


@pytest.mark.parametrize("kind", ["t5", "bart"])
@pytest.mark.parametrize("beams", [1, 2, 4, 8])
def test_the_same_tokens_as_generate(opened, kind, beams):
    model = opened(kind)
    decoder = of_part(model, "decoder", SOURCE)
    found, ends = searched(decoder, beams)
    expected = without_end(by_generate(model, beams), ends)
    assert found == expected and len(found) > 2
    text = decoder.loaded.tokenizer.decode(expected, skip_special_tokens=True).strip()
    assert write_target(decoder, MOST, beams=beams) == text


def test_texts_that_end_early_and_the_settings_of_the_model(opened):
    """Likely ends make texts of several lengths finish; then the model's settings for the length count."""
    model = opened("t5")
    decoder = of_part(model, "decoder", SOURCE)
    settings = language_head(decoder).model.generation_config
    kept = settings.to_dict()
    lengths = set()
    cases = ((0.2, False, 60), (2.0, True, 60), (2.0, "never", 30), (-1.0, False, 120))
    try:
        for penalty, early, ends in cases:
            asked = {"length_penalty": penalty, "early_stopping": early, "no_repeat_ngram_size": 2}
            asked["eos_token_id"] = list(range(3, ends))
            settings.update(**asked)
            for beams in (2, 4):
                found, over = searched(decoder, beams)
                assert found == without_end(by_generate(model, beams, **asked), over)
                lengths.add(len(found))
    finally:
        settings.update(**kept)
    assert len(lengths) > 1


# Settings of checkpoints on the hub: Marian forbids its padding, Blenderbot what the source says, others what repeats.
FORBID = {
    "bad_words_ids": lambda written: {"bad_words_ids": [[written[1]], written[2:4]]},
    "repetition_penalty": lambda written: {"repetition_penalty": 3.0},
    "encoder_no_repeat_ngram_size": lambda written: {"encoder_no_repeat_ngram_size": 1},
    "suppress_tokens": lambda written: {"suppress_tokens": written[1:3]},
    "begin_suppress_tokens": lambda written: {"begin_suppress_tokens": [written[1]]},
    "min_new_tokens": lambda written: {"min_new_tokens": 6, "eos_token_id": written[1:4]},
}


@pytest.mark.parametrize("name", FORBID)
def test_what_the_model_s_own_settings_forbid_is_not_written(opened, name):
    model = opened("bart")
    source = model.encode(SOURCE)
    often = searched(of_part(model, "decoder", source), 1)[0][1]
    source = replace(source, ids=(*source.ids[:-1], often))
    decoder = of_part(model, "decoder", source)
    written = searched(decoder, 1)[0]
    assert often in written
    asked = FORBID[name](written)
    settings = language_head(decoder).model.generation_config
    kept = settings.to_dict()
    try:
        settings.update(**asked)
        for beams in (1, 3):
            found, ends = searched(decoder, beams)
            assert found == without_end(by_generate(model, beams, source.ids, **asked), ends)
            assert beams > 1 or found != written
    finally:
        settings.update(**kept)


def test_a_target_that_begins_with_its_own_language(opened):
    """mBART: the last token of a target stands in front of it."""
    decoder = of_part(opened("mbart"), "decoder", SOURCE)
    last = decoder.loaded.tokenizer("a")["input_ids"][-1]
    found, ends = searched(replace(decoder, start=LAST), 2)
    assert found[0] == last
    assert found == without_end(by_generate(opened("mbart"), 2, decoder_start_token_id=last), ends)


def test_what_cannot_be(opened, capsys, tmp_path):
    decoder = of_part(opened("bart"), "decoder", SOURCE)
    for beams in (0, 9):
        with pytest.raises(UserError, match="1 to 8 beams"):
            write_target(decoder, beams=beams)
    asked = ["scores", SOURCE, "--model", opened("bart").name, "--part", "cross", "--out", str(tmp_path / "a.csv")]
    assert main([*asked, "--beams", "2", "--target", "One"]) == 2
    assert "Leave --target or --beams out" in capsys.readouterr().err
    assert main([*asked, "--beams", "2"]) == 0
    assert f"Target: {write_target(decoder, beams=2)}" in capsys.readouterr().err
