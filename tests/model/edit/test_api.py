"""Edits as a person types them, and what they change, against a second way to every figure."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from dashboard import UserError, edit, open_model
from dashboard.analyses.edit.text import edit_finding, edit_remarks
from dashboard.analyses.edit.typed import MOST, edits_of
from dashboard.capture.ablate import Held
from dashboard.cli import main
from dashboard.heads.head_id import HeadId

TEXT = "The keys to the cabinet in the hall"
CUTS = ["L9H4:cabinet>keys", "L3H1:hall=uniform", "L9H4:hall>1"]


@pytest.fixture(scope="module")
def smollm2():
    return open_model("smollm2")


def by_the_librarys_head(model, text, change, layer):
    """Logits (n, V) of the library's causal model, with a change of a layer's rows of weights (h, n, n)."""
    root = AutoModelForCausalLM.from_pretrained(
        model.source.folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    softmax, calls = torch.nn.functional.softmax, []

    def changed(*args, **kwargs):
        weights = softmax(*args, **kwargs)
        calls.append(weights)
        if len(calls) - 1 == layer:
            change(weights[0])
        return weights

    torch.nn.functional.softmax = changed
    try:
        with torch.inference_mode():
            return root(torch.tensor([model.encode(text).ids])).logits[0].double()
    finally:
        torch.nn.functional.softmax = softmax


def test_the_next_token_and_the_losses_are_those_of_the_librarys_own_head(smollm2):
    found = edit(smollm2, TEXT, ["L2H3:hall=first", "L2H3:cabinet>*"], row="left", answer="are", rival="is")
    ids, n = torch.tensor(smollm2.encode(TEXT).ids), len(smollm2.encode(TEXT))
    cabinet = smollm2.encode(TEXT).word_of.index(4)

    def change(rows):
        rows[3, n - 1] = 0
        rows[3, n - 1, 0] = 1
        rows[3, cabinet] = 0

    before, after = (by_the_librarys_head(smollm2, TEXT, one, 2) for one in (lambda _: None, change))
    loss, edited = (
        torch.nn.functional.cross_entropy(one[:-1], ids[1:], reduction="none").numpy() for one in (before, after)
    )
    assert np.allclose(found.table["loss"], loss, atol=1e-5)
    assert np.allclose(found.table["loss_change"], edited - loss, atol=2e-5)
    assert found.effect == pytest.approx((edited - loss).mean(), abs=1e-5)
    assert abs(found.table["loss_change"]).max() > 1e-3
    shown = found.next.set_index("id")
    for name, one in (("", before[-1]), ("_edited", after[-1])):
        assert np.allclose(shown[f"logit{name}"], one[shown.index], atol=1e-4)
        assert np.allclose(shown[f"p{name}"], one.softmax(0)[shown.index], atol=1e-5)
        assert shown[f"rank{name}"].tolist() == [1 + int((one > one[k]).sum()) for k in shown.index]
        assert set(one.argsort(descending=True)[:10].tolist()) <= set(shown.index)
    are, its = (smollm2.encode(f"{TEXT} {word}").ids[n] for word in ("are", "is"))
    assert found.next["id"].tolist()[:2] == [are, its] and found.next["which"].tolist()[:3] == ["answer", "rival", ""]
    assert found.logit_difference == pytest.approx(
        (float(before[-1, are] - before[-1, its]), float(after[-1, are] - after[-1, its])), abs=1e-4
    )


def test_a_model_that_predicts_nothing_has_shifts(minilm):
    found = edit(minilm, "The chef says ramen is food.", ["L2H0:says>chef", "L2H0:is>[SEP]"])
    assert list(found.table) == ["position", "token", "shift"] and not len(found.next)
    assert found.table["position"].tolist() == [k for k, one in enumerate(minilm.encode(found.text).special) if not one]
    assert found.effect == found.table["shift"].mean() > 1e-7 and found.logit_difference is None
    left = edit(minilm, found.text, list(found.edits), row="left")
    assert left.row == "left" and left.effect != found.effect


def test_edits_of_one_row_are_one(smollm2):
    encoding = smollm2.encode(TEXT)
    first, second, third = edits_of(smollm2, encoding, CUTS, "left")
    assert [first.head, second.head, third.head] == [HeadId(3, 1), HeadId(9, 4), HeadId(9, 4)]
    assert (first.way, second.way, second.keys, third.keys) == ("uniform", "left", {2}, {2})
    [one] = edits_of(smollm2, encoding, ["L9H4:cabinet>keys", "L9H4:cabinet>to"], "renormalised")
    assert one.keys == {2, 3}
    every = edits_of(smollm2, encoding, ["L9H4:*>keys"], "renormalised")
    assert [edit.query for edit in every] == list(range(2, len(encoding)))  # those before cannot see it
    assert len(edits_of(smollm2, encoding, ["L9H4:*>*"], "left")) == len(encoding)


@pytest.mark.parametrize(
    "cuts",
    [
        [],
        ["says>chef"],
        ["L9H4:cabinet"],
        ["L9H4:cabinet>mouse"],
        ["L9H4:the>keys"],
        ["L9H4:keys>cabinet"],
        ["L9H4:keys=twice"],
        ["L9H99:cabinet>keys"],
        ["L9H4:cabinet>keys", "L9H4:cabinet=self"],
        [f"L9H4:{k}>keys" for k in range(MOST + 1)],
    ],
    ids=lambda cuts: "; ".join(cuts[:2]) or "none",
)
def test_what_is_no_edit_is_refused(cuts, smollm2, refuses):
    with refuses(UserError):
        edit(smollm2, TEXT, cuts)


@pytest.mark.parametrize("how", [{"row": "kept"}, {"answer": "are", "rival": "are"}])
def test_an_unknown_row_and_a_rival_that_is_the_answer_are_refused(how, smollm2, refuses):
    with refuses(UserError):
        edit(smollm2, TEXT, CUTS[:1], **how)


def test_a_continuation_that_the_text_begins_already_is_refused(smollm2, refuses):
    with refuses(UserError, "“is”"):  # “· is”, after the space that stands there, is one token with it
        edit(smollm2, f"{TEXT} ", ["L9H4:cabinet>keys"], rival="is")


def test_an_encoder_continues_no_text(minilm, refuses):
    with refuses(UserError, "MiniLM"):
        edit(minilm, TEXT, ["L2H0:cabinet>keys"], rival="is")


def test_what_has_run_once_gives_the_same(smollm2):
    held = Held(smollm2, smollm2.encode(TEXT))
    for cuts in (CUTS, CUTS[:1]):
        again, once = edit(smollm2, TEXT, cuts, held=held), edit(smollm2, TEXT, cuts)
        assert np.allclose(again.table["loss_edited"], once.table["loss_edited"], atol=1e-5)


def test_sentences(smollm2, minilm, snapshot):
    some = edit(smollm2, TEXT, CUTS, answer="are", rival="is")
    nothing = edit(smollm2, TEXT, ["L9H4:*>cabinet"], row="left")
    other = edit(minilm, "The chef says ramen is food.", ["L2H0:says>chef"])
    assert [[edit_finding(one), *edit_remarks(one)] for one in (some, nothing, other)] == snapshot


def test_the_command_writes_the_same_tables(tmp_path, smollm2, capsys):
    import pandas as pd

    out, following = tmp_path / "edit.csv", tmp_path / "next.csv"
    cuts = [part for cut in CUTS for part in ("--cut", cut)]
    asked = ["edit", TEXT, "--model", "smollm2", *cuts, "--row", "left", "--rival", "is"]
    assert main([*asked, "--out", str(out), "--next", str(following)]) == 0
    found = edit(smollm2, TEXT, CUTS, row="left", rival="is")
    assert edit_finding(found) in capsys.readouterr().out
    for file, table in ((out, found.table), (following, found.next)):
        pd.testing.assert_frame_equal(pd.read_csv(file, keep_default_na=False), table, check_exact=False)


def test_the_lines_in_a_file_make_its_table_again(smollm2, tmp_path):
    found = edit(smollm2, TEXT, CUTS, rival="is")
    for table in (found.table, found.next):
        made = {}
        exec(table.attrs["provenance"]["recipe"], made)
        assert made["thing"].equals(table)
