"""A pinned head is a head of one model, also when another model is chosen."""

import pytest

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.ui.pins import Pin
from dashboard.ui.url_state import MOST_PINS, Choices, from_address, to_address

HEADS = [HeadId(2, 9), HeadId(0, 1)]


def test_a_pin_keeps_its_model_when_another_is_chosen():
    chosen = Choices(model="minilm").but(pinned=HEADS)
    there = chosen.but(model="smollm2")
    assert there.pinned == () and [pin.model for pin in there.pins] == ["minilm", "minilm"]
    both = there.but(pinned=[HeadId(20, 3)])
    assert both.pinned == (HeadId(20, 3),) and len(both.pins) == 3
    back = both.but(model="minilm")
    assert back.pinned == tuple(HEADS) and Pin(HeadId(20, 3), "smollm2") in back.pins


def test_the_same_model_chosen_again_changes_nothing():
    chosen = Choices(model="minilm").but(pinned=HEADS)
    assert chosen.but(model="minilm") == chosen


@pytest.mark.parametrize("model", ["smollm2", "owner/name", "C:\\models\\a,b", "/home/ä ö/x:y%2C", "名"])
def test_a_link_holds_them(model):
    chosen = Choices(model="minilm").but(pinned=HEADS).but(model=model)
    chosen = chosen.but(pinned=[HeadId(1, 1)])
    found, notices = from_address(to_address(chosen), ())
    assert not notices and found == chosen and found.but(model="minilm").pinned == tuple(HEADS)


def test_a_link_of_the_version_before_names_heads_of_its_own_model():
    found, _ = from_address({"tray": "L2H9,L0H1", "model": "smollm2"}, ())
    assert found.pinned == tuple(HEADS) and found.but(model="minilm").pinned == ()


def test_new_pins_take_the_place_of_other_models_oldest():
    chosen = Choices(model="minilm").but(pinned=HEADS).but(model="smollm2")
    full = chosen.but(pinned=[HeadId(1, k) for k in range(3)])
    assert (
        len(full.pins) == MOST_PINS
        and Pin(HEADS[1], "minilm") in full.pins
        and Pin(HEADS[0], "minilm") not in full.pins
    )


@pytest.mark.parametrize("written", ["L2", "smollm2:", ":", "x:L1", "L0H0," * 9])
def test_what_names_no_head_is_refused_or_left_out(written):
    found, notices = from_address({"tray": written}, ())
    assert notices or found.pins == (Pin(HeadId(0, 0)),)
    with pytest.raises(UserError):
        HeadId.parse("x")
