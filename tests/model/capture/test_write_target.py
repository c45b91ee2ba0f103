"""What an encoder–decoder writes, against the library's `generate`: greedy and by beams."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from dashboard import UserError, of_part, open_model, write_target
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


def by_generate(model, decoder, beams, **settings) -> str:
    library = AutoModelForSeq2SeqLM.from_pretrained(model.source.folder, dtype=torch.float32).eval()
    ids = torch.tensor([model.encode(SOURCE).ids])
    with torch.inference_mode():
        written = library.generate(ids, num_beams=beams, do_sample=False, max_length=MOST, **settings)[0]
    tokenizer = decoder.loaded.tokenizer
    return tokenizer.decode(written, skip_special_tokens=True).strip()


@pytest.mark.parametrize("kind", ["t5", "bart"])
@pytest.mark.parametrize("beams", [1, 2, 4, 8])
def test_the_same_text_as_generate(opened, kind, beams):
    model = opened(kind)
    decoder = of_part(model, "decoder", SOURCE)
    assert write_target(decoder, MOST, beams=beams) == by_generate(model, decoder, beams)


def test_beams_that_end_early_and_settings_of_the_model(opened):
    """A likely end makes texts of several lengths finish; the model's settings for its length count."""
    from dashboard.capture.language import language_head

    model = opened("t5")
    decoder = of_part(model, "decoder", SOURCE)
    settings = language_head(decoder).model.generation_config
    kept = settings.to_dict()
    texts = set()
    try:
        for penalty, early, ends in (
            (0.2, False, range(0, 60)),
            (2.0, True, range(0, 60)),
            (2.0, "never", range(40, 90)),
        ):
            asked = {"length_penalty": penalty, "early_stopping": early, "no_repeat_ngram_size": 2}
            asked["eos_token_id"] = list(ends)
            settings.update(**asked)
            found = write_target(decoder, MOST, beams=4)
            assert found == by_generate(model, decoder, 4, **asked)
            texts.add(found)
    finally:
        settings.update(**kept)
    assert len(texts) > 1


def test_a_target_that_begins_with_its_own_language(opened):
    """mBART: the last token of a target stands in front of it."""
    from dataclasses import replace

    decoder = of_part(opened("mbart"), "decoder", SOURCE)
    tokenizer = decoder.loaded.tokenizer
    last = tokenizer("a")["input_ids"][-1]
    own = replace(decoder, start=LAST)
    assert write_target(own, MOST, beams=2) == by_generate(opened("mbart"), decoder, 2, decoder_start_token_id=last)


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
