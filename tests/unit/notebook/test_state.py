"""What the browser is sent, by hand-made numbers."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard.errors import UserError
from dashboard.heads.head_group import HeadGroup
from dashboard.heads.head_id import HeadId
from dashboard.notebook.state import MOST_BYTES, checked_length, head_state, offered, small
from dashboard.text.encoding import Encoding
from tests.helpers.sentences import numbers
from tests.helpers.views import view_of


def test_weights_are_sent_in_65535ths_low_byte_first():
    shown = head_state(view_of([[1, 0], [0.25, 0.75]], labels=["a", "b"]), None)
    assert shown["weights"] == bytes([255, 255, 0, 0, 0, 64, 255, 191])
    assert shown["words"] == ["a", "b"] and shown["head"] == "L2H9" and shown["evidence"] == ""


def test_a_sum_of_heads_is_sent_in_parts_of_their_number():
    heads = HeadGroup("sum", (HeadId(2, 0), HeadId(2, 1), HeadId(2, 2)), "layer:2", divergence=0.5, rows=2)
    summed = replace(view_of([[3, 0], [0.75, 2.25]]), head=heads, measure="summed_weight", full=3.0)
    shown = head_state(summed, None)
    assert shown["weights"] == bytes([255, 255, 0, 0, 0, 64, 255, 191])
    assert (shown["sum"], shown["shares"], shown["most"]) == (3, False, "3")
    assert shown["head"] == "Sum of layer 2" and numbers(shown["lost"])[:2] == [3, 0.5]
    assert "bits" not in shown["about"]  # the line above it says that


@pytest.mark.parametrize(
    ("layers", "heads", "choices"),
    [(6, 12, ["head", "layer", "all"]), (6, 1, ["head", "all"]), (1, 1, ["head"])],
)
def test_several_heads_are_offered_where_there_are_several(layers, heads, choices):
    every = [HeadId(layer, head) for layer in range(layers) for head in range(heads)]
    assert list(offered(SimpleNamespace(heads=heads, all_heads=every))) == choices


def test_a_typed_text_is_sent_as_text_and_what_cannot_be_seen_as_a_sign():
    shown = head_state(view_of(np.eye(2), labels=["<img src=x onerror=alert(1)>", "a\x00b"]), None)
    assert shown["words"][0] == "<img src=x onerror=alert(1)>" and "\x00" not in shown["words"][1]


def test_a_text_from_right_to_left_is_told():
    assert head_state(view_of(np.eye(2), labels=["שלום", "עולם"]), None)["backwards"] is True
    assert head_state(view_of(np.eye(2), labels=["a", "b"]), None)["backwards"] is False


def test_thumbnails_are_ink_by_the_root_of_the_weight():
    maps = small(np.array([[[[1.0, 0.0], [0.25, 0.75]]]]))
    assert maps.tolist() == [[[[255, 0], [128, 221]]]]


@pytest.mark.parametrize(
    ("layers", "heads", "t", "size"), [(6, 12, 32, 32), (32, 32, 32, 16), (64, 64, 32, 8), (64, 64, 5, 5)]
)
def test_many_heads_have_smaller_thumbnails(layers, heads, t, size):
    even = np.full((layers, heads, t, t), 1 / t, np.float32)
    maps = small(even)
    assert maps.shape == (layers, heads, size, size) and maps.nbytes <= MOST_BYTES
    assert set(maps.ravel()) == {round(255 * (1 / size) ** 0.5)}  # rows still sum to 1


def test_a_text_longer_than_a_map_can_be_is_refused(refuses):
    def of(n):
        return Encoding("x" * n, (1,) * n, ("x",) * n, ("x",) * n, tuple((k, k + 1) for k in range(n)), (False,) * n)

    assert len(checked_length(of(512))) == 512
    with refuses(UserError, "1,204", "512"):
        checked_length(of(1204))
