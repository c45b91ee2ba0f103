"""The map of a head as it is sent to the browser."""

from __future__ import annotations

import json
import struct
import zlib

import numpy as np
import pytest

from dashboard.ui.components.head_map import message


def read(sent: bytes) -> tuple[dict, bytes]:
    """The head and the planes, read as the browser reads them."""
    [size] = struct.unpack("<I", sent[:4])
    return json.loads(sent[4 : 4 + size]), zlib.decompress(sent[4 + size :])


def values_of(planes: bytes, count: int) -> np.ndarray:
    low, high = np.frombuffer(planes, np.uint8).reshape(2, count).astype(int)
    return low + 256 * high


def test_a_weight_is_sent_to_a_hundredth_of_a_per_cent_and_none_is_told_from_little():
    weights = np.array([[0.0, 1e-6, 0.00004], [0.00006, 0.1234, 1.0]], np.float32)
    head, planes = read(message({"alt": "“ß” 🍜"}, [weights]))
    assert head == {"alt": "“ß” 🍜"}
    assert values_of(planes, weights.size).tolist() == [0, 1, 1, 2, 1235, 10001]


@pytest.mark.parametrize("shapes", [[(5, 7)], [(256, 256), (256, 44), (44, 256), (44, 44)]])
def test_tiles_follow_one_another_and_no_weight_is_off_by_more_than_half_a_step(shapes):
    random = np.random.default_rng(3)
    tiles = [random.dirichlet(np.full(w, 0.1), h).astype(np.float32) for h, w in shapes]
    _, planes = read(message({}, tiles))
    for tile in tiles:
        mine, planes = planes[: 2 * tile.size], planes[2 * tile.size :]
        seen = np.maximum(values_of(mine, tile.size) - 1, 0) / 10_000
        assert np.abs(seen - tile.ravel()).max() <= 0.5e-4 + 1e-7
    assert not planes


def test_a_causal_map_takes_half_of_the_bytes():
    random = np.random.default_rng(5)
    full = random.dirichlet(np.full(256, 0.1), 256).astype(np.float32)
    whole, half = (len(message({}, [one])) for one in (full, np.tril(full)))
    assert half < 0.7 * whole and whole < full.size
