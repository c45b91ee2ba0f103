"""All heads as squares along a pair of words."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import attention, draw_found_grid, find_heads
from dashboard.export import snippet
from tests.helpers.charts import valid_svg_of

KEYS = "The keys to the cabinet are on the table."


def test_a_square_is_the_share_of_the_key_among_the_other_words(minilm):
    """Another way to the same: the row of the weights over words, without special tokens and the word itself."""
    found = find_heads(minilm, KEYS, "are > keys")
    rows = draw_found_grid(found).to_dict()["layer"][0]["data"]["values"]
    shares = {(row["layer"], row["head"]): row["value"] for row in rows}
    for head in ("L0H2", "L3H7", "L5H11"):
        weights = attention(minilm, KEYS, head, unit="words", special="hide").weights
        row = np.delete(weights[5], 5)
        layer, number = map(int, head[1:].split("H"))
        assert shares[layer, number] == pytest.approx(100 * row[1] / row.sum(), abs=0.01)


def test_its_lines_of_python_make_it_again(minilm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    chart = draw_found_grid(find_heads(minilm, KEYS, "are > keys"), theme="dark", width=420)
    names = {}
    exec(snippet(chart.provenance), names)
    assert names["thing"].to_dict() == chart.to_dict() and "are" in valid_svg_of(chart)
