"""What a model writes: against transformers' own generation, plain loops of whole passes, and itself when stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForCausalLM

from dashboard import (
    UserError,
    chat_prompt,
    draw_alternatives,
    draw_logit_components,
    draw_written,
    logit_components,
    write,
    write_tokens,
)
from dashboard.analyses.writing import tokens as writing
from dashboard.analyses.writing.api import provenance_of_heads
from dashboard.analyses.writing.first_text import FILE, TOKENS, first_text, kept
from dashboard.analyses.writing.first_text import TEXT as TEXT_BEFORE
from dashboard.analyses.writing.sampling import Sampling
from dashboard.analyses.writing.text import token_finding, written_finding
from dashboard.analyses.writing.tokens import open_ended, written_tokens
from dashboard.capture.language import language_head
from dashboard.capture.next_token import NextToken
from dashboard.cli import main
from tests.helpers.charts import texts, valid_svg_of
from tests.helpers.sentences import numbers, plain

TEXT = "The keys to the cabinet"


def whole_language_model(model):
    return AutoModelForCausalLM.from_pretrained(model.loaded.source.folder, dtype=torch.float32).eval()


def by_whole_passes(language, ids, count, choose):
    """Token by token, each by a pass over everything: (ids, logits of each step)."""
    ids, steps = list(ids), []
    for place in range(count):
        with torch.inference_mode():
            steps.append(language(torch.tensor([ids]), use_cache=False).logits[0, -1].double().numpy())
        ids.append(choose(steps[-1], place))
    return ids[-count:], steps


def test_greedy_writes_what_generate_writes(smollm2):
    found = write(smollm2, "The chef who trained in Osaka says", tokens=50)
    language = whole_language_model(smollm2)
    given = torch.tensor([found.prompt.ids])
    with torch.inference_mode():
        generated = language.generate(given, do_sample=False, max_new_tokens=50)[0].tolist()
        logits = language(torch.tensor([found.encoding.ids])).logits[0].double()
    assert list(found.ids) == generated[len(found.prompt) :] and len(found.tokens) == 50
    assert list(found.encoding.ids) == generated
    for token in found.tokens:  # its figures, from one pass over the whole text
        shares = logits[found.position(token.place) - 1].softmax(0)
        assert token.p == pytest.approx(float(shares[token.id]), rel=1e-3) and token.rank == 1
        assert [other.id for other in token.others] == shares.topk(6).indices.tolist()[1:]
        assert [other.p for other in token.others] == pytest.approx(shares.topk(6).values.tolist()[1:], rel=1e-3)


def test_smollm2_keeps_its_keys(smollm2):
    encoding = smollm2.encode(TEXT)
    running = NextToken(smollm2, language_head(smollm2), encoding.ids)
    for _ in range(3):
        running.add(int(running.logits().argmax()))
    assert running.keeps and running._read == len(encoding) + 2


@pytest.mark.parametrize("kind", ["gpt2", "llama", "opt", "gpt_neox", "gemma2"])
def test_small_models_write_what_whole_passes_give(small, kind):
    """Over the end of gemma2's window of 8 tokens."""
    model = small(kind)
    prompt = open_ended(model.encode("The keys to the"))
    drawn = Sampling(0.9, 40, 3)
    for sampling in (Sampling(), drawn):
        found = list(written_tokens(model, prompt, 24, sampling))
        ids, steps = by_whole_passes(whole_language_model(model), prompt.ids, len(found), sampling.choose)
        assert [token.id for token in found] == ids
        assert [token.p for token in found] == pytest.approx(
            [float(np.exp(step[token] - np.logaddexp.reduce(step))) for step, token in zip(steps, ids, strict=True)],
            rel=1e-3,
        )
        assert len(found) == 24 or found[-1].ends


def test_keys_that_change_what_is_written_are_given_up(smollm2, monkeypatch):
    as_it_is = write(smollm2, TEXT, tokens=6).ids
    monkeypatch.setattr(NextToken, "_kept", lambda self: {})  # the last token alone, without those before it
    encoding = smollm2.encode(TEXT)
    running = NextToken(smollm2, language_head(smollm2), encoding.ids)
    for token in as_it_is:
        assert int(running.logits().argmax()) == token
        running.add(token)
    assert not running.keeps


def test_stopped_and_gone_on_with_is_the_same_text(smollm2):
    drawn = {"temperature": 0.8, "top_k": 50, "seed": 4}
    every = write(smollm2, TEXT, tokens=8, **drawn)
    assert every.ids != write(smollm2, TEXT, tokens=8, **drawn | {"seed": 5}).ids
    stream = write_tokens(smollm2, TEXT, tokens=8, **drawn)
    first = [next(stream), next(stream), next(stream)]
    stream.close()
    rest = written_tokens(smollm2, every.prompt, 8, every.sampling, [token.id for token in first])
    assert [token.id for token in (*first, *rest)] == list(every.ids)
    assert [token.place for token in every.tokens] == [*range(8)]


def test_the_end_of_text_ends_it(smollm2, monkeypatch):
    usual = write(smollm2, TEXT, tokens=6)
    assert not usual.ended
    assert writing.end_tokens(smollm2, language_head(smollm2)) == {smollm2.loaded.tokenizer.eos_token_id}
    monkeypatch.setattr(writing, "end_tokens", lambda *_: {usual.ids[3]})
    found = write(smollm2, TEXT, tokens=6)
    assert found.ids == usual.ids[:4] and found.ended and found.tokens[-1].ends
    assert len(found.encoding) == len(found.prompt) + 3 and found.encoding.text.startswith(TEXT)


def test_the_whole_is_one_encoding_with_the_very_ids(smollm2):
    found = write(smollm2, "Das ist 🍜 und", tokens=12, temperature=2.0, seed=1)
    whole = found.encoding
    assert whole.ids == found.prompt.ids + found.ids and whole.text == found.prompt.text + found.text
    assert whole.text.startswith("Das ist 🍜 und") and len(whole.words) >= len(found.prompt.words)
    ends = [end for _, end in whole.spans]
    assert all(0 <= start <= end <= len(whole.text) for start, end in whole.spans) and ends[-1] <= len(whole.text)
    assert whole.special[: len(found.prompt)] == found.prompt.special
    greedy = write(smollm2, TEXT, tokens=12)
    again = smollm2.encode(greedy.encoding.text)
    assert again.ids == greedy.encoding.ids and again.spans == greedy.encoding.spans
    assert again.labels == greedy.encoding.labels


def test_no_more_tokens_than_the_model_takes(small):
    model = small("gpt2")  # 64 positions
    prompt = model.encode("the " * 59)
    found = list(written_tokens(model, open_ended(prompt), 50, Sampling()))
    assert len(open_ended(prompt)) + len(found) == model.limit or found[-1].ends


def test_the_heads_that_wrote_a_token(smollm2):
    found = write(smollm2, TEXT, tokens=4)
    token, query = found.tokens[2], found.position(2) - 1
    parts = logit_components(smollm2, found.encoding, query, token.id)
    with torch.inference_mode():
        own = whole_language_model(smollm2)(torch.tensor([found.encoding.ids])).logits[0, query]
    assert parts.table["logit"].sum() == pytest.approx(float(own[token.id]), abs=1e-2)
    assert parts.table["beyond_mean"].sum() == pytest.approx(float(own[token.id] - own.mean()), abs=1e-2)
    drawing = draw_logit_components(parts)
    heads = parts.table[parts.table["part"] == "head"]
    most = heads.loc[heads["beyond_mean"].abs().idxmax()]
    assert f"L{most.layer}H{most['head']}" in texts(valid_svg_of(drawing))
    recipe = provenance_of_heads(found, 2, theme="light").recipe
    assert "write(model, text, tokens=4" in recipe and f"query={query}, piece={token.id}" in recipe


def test_its_pictures_and_sentences(smollm2):
    found = write(smollm2, TEXT, tokens=5)
    assert numbers(written_finding(found))[0] == 5 and "most probable" not in written_finding(found)  # each one is
    drawn = replace(found, sampling=Sampling(temperature=1.0))
    assert "5 of them were its most probable" in plain(written_finding(drawn))
    token = found.tokens[1]
    said = plain(token_finding(found, 1))
    assert token.label in said and token.others[0].label in said and numbers(said)[1] == 1
    drawn = texts(valid_svg_of(draw_written(found, place=1, epoch=0)))
    assert all(one.label in drawn for one in found.tokens) and "·cabinet" in drawn
    drawn = texts(valid_svg_of(draw_alternatives(found, 1)))
    assert token.others[0].label in drawn and token.others[1].label in drawn
    with pytest.raises(UserError, match="5 are written"):
        draw_alternatives(found, 5)


def test_what_cannot_be_written(minilm, small, refuses):
    with refuses(UserError, "predicts no next word"):
        write(minilm, TEXT)
    with refuses(UserError, "predicts no next word"):
        write(small("bert"), TEXT)
    with refuses(UserError, "0 tokens"):
        write(small("gpt2"), TEXT, tokens=0)
    with refuses(UserError, "too long"):
        write(small("gpt2"), "the " * 80)
    with refuses(UserError, "chat template"):
        chat_prompt(minilm, "Hello")


def test_a_chat_message_has_its_roles_and_one_start_token(smollm2, monkeypatch):
    tokenizer = smollm2.loaded.tokenizer
    prompt = chat_prompt(smollm2, "Name a colour.")
    ids = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Name a colour."}], add_generation_prompt=True, return_dict=False
    )
    assert list(smollm2.encode(prompt).ids) == ids and prompt.endswith("<|im_start|>assistant\n")
    assert "You are terse." in chat_prompt(smollm2, "Name a colour.", system="You are terse.")
    monkeypatch.setattr(tokenizer, "chat_template", "{{ raise_exception('only questions') }}")
    with pytest.raises(UserError, match="only questions"):
        chat_prompt(smollm2, "Name a colour.")


def test_the_command_writes_text_table_and_picture(smollm2, tmp_path, capsys):
    out = tmp_path / "written.csv"
    assert main(["write", TEXT, "--tokens", "5", "--out", str(out)]) == 0
    found = write(smollm2, TEXT, tokens=5)
    assert capsys.readouterr().out == f"{found.encoding.text}\n"
    table = pd.read_csv(out)
    assert table["id"].tolist() == list(found.ids) and table["p"].tolist() == pytest.approx(found.table["p"].tolist())
    how = ["--temperature", "0.7", "--top-k", "20", "--seed", "3"]
    assert main(["write", "Hi", "--chat", "--tokens", "3", *how, "--out", str(tmp_path / "a.svg")]) == 0
    drawn = write(smollm2, chat_prompt(smollm2, "Hi"), tokens=3, temperature=0.7, top_k=20, seed=3)
    assert capsys.readouterr().out == f"{drawn.encoding.text}\n" and (tmp_path / "a.svg").stat().st_size > 1000
    assert main(["write", TEXT, "--top-k", "5"]) == 2
    assert "--temperature" in capsys.readouterr().err


def test_what_ships_is_what_it_writes(smollm2):
    shipped, found = first_text(), write(smollm2, TEXT_BEFORE, tokens=TOKENS)
    assert (shipped.encoding, shipped.prompt, shipped.revision) == (found.encoding, found.prompt, found.revision)
    pd.testing.assert_frame_equal(shipped.table, found.table, atol=1e-3, rtol=0)
    assert shipped.table.attrs["provenance"] == found.table.attrs["provenance"]
    assert kept(shipped) == FILE.read_text()
