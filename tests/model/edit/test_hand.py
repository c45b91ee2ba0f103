"""Edits made by a hand on a picture of words, and what is typed."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import edit
from dashboard.analyses.edit.hand import Hand
from dashboard.analyses.edit.text import said
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId

HEAD = HeadId(2, 9)
TEXT = "The uncharacteristically long 7 days."


@pytest.fixture(scope="module")
def hand(minilm):
    return Hand(minilm, minilm.encode(TEXT, pair="So long."))


def test_a_click_cuts_a_link_and_a_second_one_mends_it(hand):
    once = hand.toggled((), HEAD, [(2, 1)])
    assert once == ("L2H9:1>0",) and hand.cut(once, HEAD) == [(2, 1)] and hand.cut(once, HeadId(2, 8)) == []
    assert hand.toggled(once, HEAD, [(2, 1)]) == ()
    other = hand.toggled(once, HeadId(0, 1), [(2, 1)])
    assert other == ("L2H9:1>0", "L0H1:1>0") and hand.toggled(other, HEAD, [(2, 1)]) == ("L0H1:1>0",)


def test_a_drag_cuts_what_is_not_cut_and_mends_only_where_all_is(hand):
    cells = [(row, column) for row in (2, 3) for column in (1, 2)]
    some = hand.toggled((), HEAD, cells[:1])
    every = hand.toggled(some, HEAD, cells)
    assert hand.cut(every, HEAD) == cells and hand.toggled(every, HEAD, cells) == ()
    with pytest.raises(UserError, match="at most 200"):
        hand.toggled((), HEAD, [(row, column) for row in range(12) for column in range(12)] * 2 + [(0, 0)])
        hand.toggled(tuple(f"L{k}H0:1>0" for k in range(6)) * 40, HEAD, cells)


def test_special_tokens_of_one_name_are_cut_and_mended_together(hand):
    cut = hand.toggled((), HEAD, [(2, 7)])
    assert cut == ("L2H9:1>[SEP]",) and hand.cut(cut, HEAD) == [(2, 7), (2, 11)]
    assert hand.toggled(cut, HEAD, [(2, 11)]) == ()


def test_the_later_of_a_cut_and_a_replacement_counts(hand):
    cut = hand.toggled((), HEAD, [(2, 1), (3, 4)])
    row = hand.with_row(cut, HEAD, 2, "uniform")
    assert row == ("L2H9:2>3", "L2H9:1=uniform") and hand.replaced(row, HEAD) == {2: "uniform"}
    assert hand.toggled(row, HEAD, [(2, 2)]) == ("L2H9:2>3", "L2H9:1>1")
    assert hand.with_row(row, HEAD, 2, "self") == ("L2H9:2>3", "L2H9:1=self")


def test_a_causal_model_has_no_link_ahead(smollm2):
    hand, head = Hand(smollm2, smollm2.encode("The keys to the cabinet")), HeadId(9, 4)
    assert hand.toggled((), head, [(2, 4)]) == () and not hand.exists((2, 4))
    assert hand.toggled((), head, [(row, 2) for row in range(6)]) == tuple(f"L9H4:{k}>1" for k in range(1, 5))


def test_what_a_link_holds_is_made_or_told(hand):
    made, notices = hand.usable(["L2H9:2>7", "L9H9:2>1", "x", "L2H9:3>4"])
    assert made == ("L2H9:2>7", "L2H9:3>4") and len(notices) == 2
    assert said(hand.encoding, hand.keys, "L2H9:2>1") == "L2H9: “long” (3) → “uncharacteristically”"
    assert said(hand.encoding, hand.keys, "L2H9:4=self") == "L2H9: “days” all on itself"


def test_an_earlier_edit_of_the_text_gives_the_losses_as_it_is(smollm2):
    text = "The keys to the cabinet are here."
    first = edit(smollm2, text, ["L9H4:5>1"])
    again = edit(smollm2, text, ["L9H4:5>1"], known=first)
    assert again.table.equals(first.table) and again.next.equals(first.next)
    later = edit(smollm2, text, ["L9H4:6>1", "L2H1:5=first"], known=first)
    alone = edit(smollm2, text, ["L9H4:6>1", "L2H1:5=first"])
    assert np.allclose(later.table[["loss", "loss_edited"]], alone.table[["loss", "loss_edited"]], atol=1e-6)
    assert (later.table["loss_change"] == 0).any() and abs(later.table["loss_change"]).max() > 1e-4
    assert later.next["token"].equals(alone.next["token"]) and np.allclose(later.next["logit"], alone.next["logit"])
