"""The distance of heads of a decoder and of its cross attention, which read each sentence beside itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from dashboard import draw_clusters, draw_map, map_heads, of_part, open_model, similar_heads
from dashboard.analyses.compare.divergence import divergence
from dashboard.analyses.similarity import map_job
from dashboard.analyses.similarity.distances import distances
from dashboard.analyses.similarity.text import map_finding
from dashboard.cli import main
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.text import read_treebank
from tests.helpers.snippets import thing_of
from tests.helpers.two_stacks import by_the_library, write

LIMIT = 4


@pytest.fixture(scope="module")
def bart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("similarity") / "bart"
    write("bart", folder)
    return open_model(str(folder))


def library_rows(bart, sentence, part) -> np.ndarray:
    """The rows between words, renormalised, of all heads by the library's whole model and loops: (h, m, m)."""
    decoder = bart.whole.parts[part]
    source, target = bart.encode_sentence(sentence), decoder.encode_sentence(sentence)
    with torch.inference_mode():
        output = by_the_library(bart.source.folder)(
            input_ids=torch.tensor([source.ids]), decoder_input_ids=torch.tensor([target.ids]), output_attentions=True
        )
    layers = output.cross_attentions if part == "cross" else output.decoder_attentions
    maps = torch.cat([layer[0] for layer in layers]).double().numpy()
    columns = source if part == "cross" else target
    rows = np.zeros((len(maps), len(target.words), len(columns.words)))
    for i in range(len(target.words)):
        for j in range(len(columns.words)):
            if part == "cross" or i != j:
                of_i = [t for t, word in enumerate(target.word_of) if word == i]
                to_j = [t for t, word in enumerate(columns.word_of) if word == j]
                rows[:, i, j] = maps[:, of_i][:, :, to_j].sum(2).mean(1)
    total = rows.sum(2, keepdims=True)
    return np.divide(rows, total, out=np.zeros_like(rows), where=total > 0)


@pytest.mark.parametrize("part", ["decoder", "cross"])
def test_distances_are_the_loop_over_the_library_s_attention(bart, part):
    sentences = list(read_treebank(builtin_corpus()))[:300:100]
    found = distances(bart, sentences, part=part)
    rows = [library_rows(bart, sentence, part) for sentence in sentences]
    for a in range(len(found.values)):
        for b in range(a):
            pairs = [
                divergence(p, q)
                for one in rows
                for p, q in zip(one[a], one[b], strict=True)
                if p.sum() > 0 and q.sum() > 0
            ]
            assert found.values[a, b] == pytest.approx(np.mean(pairs), abs=1e-6)
    words = sum(len(one[0]) for one in rows)
    assert found.rows[0, 1] == words - (part == "decoder") * len(rows)


def test_a_map_keeps_its_part(bart, tmp_path, monkeypatch):
    found = map_heads(bart, limit=LIMIT, part="cross")
    assert set(found.table["part"]) == {"cross"} and set(found.table["nearest"].str[0]) == {"X"}
    assert similar_heads(found, "X1H2", 1)["part"].tolist() == ["cross"] and "X1H2" in map_finding(
        found, HeadId(1, 2, "cross")
    )
    again = thing_of(found.table.attrs["provenance"], tmp_path, monkeypatch)
    pd.testing.assert_frame_equal(again, found.table)
    for chart in (draw_map(found, selected=HeadId(1, 2, "cross")), draw_clusters(found)):
        assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
    with pytest.raises(UserError, match="no head L1H2"):
        similar_heads(found, "L1H2")


def test_a_kept_map_is_of_the_part_that_was_asked(bart):
    requests = {part: map_job.Request.of(bart, part=part) for part in ("", "decoder", "cross")}
    files = {map_job.MEASUREMENT.folder(one) for one in requests.values()}
    assert len(files) == 3 and "part" not in requests[""].key()
    found = map_heads(bart, limit=LIMIT, part="cross")
    data = map_job.MEASUREMENT.encode(found, requests["cross"])
    again = map_job.MEASUREMENT.decode(data, requests["cross"])
    assert again is not None and again.part == "cross" and again.table["nearest"].equals(found.table["nearest"])
    assert map_job.MEASUREMENT.decode(data, requests["decoder"]) is None
    made = map_job.Request.of(bart, **requests["cross"].options)
    assert made == requests["cross"]


def test_a_source_of_ones_own_and_a_missing_part_are_refused(bart, minilm):
    with pytest.raises(UserError, match="whole model"):
        map_heads(of_part(bart, "cross", "She sold two pots."), limit=LIMIT)
    with pytest.raises(UserError, match="no cross part"):
        map_heads(minilm, limit=LIMIT, part="cross")


def test_the_command(bart, tmp_path, capsys):
    out = tmp_path / "map.csv"
    assert main(["map", "--model", bart.name, "--part", "decoder", "--limit", str(LIMIT), "--out", str(out)]) == 0
    assert set(pd.read_csv(out, comment="#")["part"]) == {"decoder"} and "D" in capsys.readouterr().out
