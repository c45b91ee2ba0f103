"""The distance of heads on real models, against a loop over the library's own attention; the command; the lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModel

from dashboard import distances_between, map_heads, similar_heads_elsewhere
from dashboard.analyses.compare.divergence import divergence
from dashboard.analyses.similarity.distances import distances, word_maps
from dashboard.cli import main
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.export import snippet
from dashboard.export.provenance import Provenance
from dashboard.text import LeftOut, parse, read_treebank
from tests.helpers.sentences import heads_in


@pytest.fixture(scope="module")
def sentences():
    return list(read_treebank(builtin_corpus()))[:300:100]


def eager_rows(model, sentence) -> np.ndarray:
    """The rows over other words, renormalised, all heads, by the library's eager attention and loops: (h, m, m)."""
    folder = model.loaded.model.config._name_or_path
    own = AutoModel.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32).eval()
    encoding = model.encode_sentence(sentence)
    with torch.inference_mode():
        layers = own(torch.tensor([encoding.ids]), output_attentions=True).attentions
    maps = torch.cat([layer[0] for layer in layers]).double().numpy()
    m = len(sentence)
    pieces = [[t for t, word in enumerate(encoding.word_of) if word == w] for w in range(m)]
    rows = np.zeros((len(maps), m, m))
    for i in range(m):
        for j in range(m):
            if i != j:
                rows[:, i, j] = maps[:, pieces[i]][:, :, pieces[j]].sum(2).mean(1)
    total = rows.sum(2, keepdims=True)
    return np.divide(rows, total, out=np.zeros_like(rows), where=total > 0)


def mean_divergence(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    """Of two heads, row by row over all sentences."""
    found = [
        divergence(p, q)
        for one, other in zip(a, b, strict=True)
        for p, q in zip(one, other, strict=True)
        if p.sum() > 0 and q.sum() > 0
    ]
    return float(np.mean(found))


def test_distances_are_the_loop_over_eager_attention(minilm, smollm2, sentences):
    """All pairs of some heads within each model, and of one model's heads with the other's, to 1e-6."""
    rows = {model.name: [eager_rows(model, sentence) for sentence in sentences] for model in (minilm, smollm2)}
    for one, other in ((minilm, None), (smollm2, None), (minilm, smollm2)):
        found = distances(one, sentences, other)
        second = one if other is None else other
        assert found.values.shape == (one.layers * one.heads, second.layers * second.heads) and found.used == 3
        for a in (0, 26, 33, 71):
            for b in (0, 26, 34, 70):
                expected = mean_divergence([r[a] for r in rows[one.name]], [r[b] for r in rows[second.name]])
                assert found.values[a, b] == pytest.approx(expected, abs=1e-6)
    assert found.per_layer == (12, 9)
    assert np.nanmin(found.values) >= 0 and np.nanmax(found.values) <= 1


def test_what_cannot_be_read_is_left_out_in_both(minilm, smollm2, sentences, refuses):
    given = [LeftOut(0, 1, "it has 2 roots"), *sentences[:1]]
    assert [one.reason for one in distances(minilm, given, smollm2).left_out] == ["it has 2 roots"]
    with refuses(UserError, "2 roots"):
        distances(minilm, given[:1])


def test_the_command_and_the_lines_that_make_it_again(minilm, tmp_path, capsys, monkeypatch):
    assert main(["map", "--limit", "6", "--out", str(tmp_path / "map.csv")]) == 0
    said = capsys.readouterr()
    table = pd.read_csv(tmp_path / "map.csv")
    assert list(table.columns) == ["layer", "head", "x", "y", "cluster", "nearest", "distance"] and len(table) == 72
    assert len(heads_in(said.out)) >= 2 and "6 of 6 sentences" in said.err
    found = map_heads(minilm, limit=6)
    assert np.allclose(table["x"], found.table["x"], atol=1e-6) and list(table["nearest"]) == list(
        found.table["nearest"]
    )
    origin = Provenance.from_dict(found.table.attrs["provenance"])
    code = snippet(origin).replace(".svg", ".csv")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    again = pd.read_csv(next(path for path in tmp_path.glob("*.csv") if path.name != "map.csv"))
    assert np.allclose(again["distance"], table["distance"], atol=1e-6)
    assert main(["map", "--limit", "4", "--out", str(tmp_path / "map.svg")]) == 0
    assert "Head map" in (tmp_path / "map.svg").read_text()
    for arguments, why in ((["--limit", "0", "--out", "m.csv"], "1 or more"), (["--out", "m.npz"], "npz")):
        assert main(["map", *arguments]) == 2
        assert why in capsys.readouterr().err


def test_what_progress_raises_ends_the_work(minilm):
    class Enough(Exception):
        pass

    def stop(fraction: float, sentence: str) -> None:
        raise Enough

    with pytest.raises(Enough):
        map_heads(minilm, limit=33, progress=stop)


def test_heads_like_one_of_another_model(minilm, smollm2):
    found = distances_between(minilm, smollm2, limit=4)
    table = similar_heads_elsewhere(found, "L2H0", 3)
    assert table["distance"].iloc[0] == np.nanmin(found.values[24]) and len(table) == 3
    assert table["layer"].max() < 30 and table["head"].max() < 9


def test_two_tokenizers_meet_at_words_that_both_divide_exactly(minilm, smollm2):
    """SmolLM2 reads `."` as one token, MiniLM as two; both models' maps have the same words."""
    sentence = parse('The miller whispered "no."')[0]
    own = [next(word_maps(model, [sentence])).shape[1] for model in (minilm, smollm2)]
    a, b = (next(word_maps(model, [sentence], beside=other)) for model, other in ((minilm, smollm2), (smollm2, minilm)))
    assert own == [7, 6] and a.shape[1:] == b.shape[1:] == (6, 6)
    assert distances(minilm, [sentence], smollm2).used == 1
