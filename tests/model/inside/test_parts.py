"""The steps of a decoder's and a cross-attention head: queries of the target, keys and values of the source."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashboard import attention, draw_inside, look_inside, of_part, verify
from dashboard import open_model as opened
from dashboard.analyses.inside.steps import query_row
from dashboard.analyses.inside.text import doubts, finding, row_table
from dashboard.cli import main
from dashboard.errors import UserError
from tests.helpers.snippets import thing_of
from tests.helpers.two_stacks import SOURCE, TARGET, by_the_library, write


@pytest.fixture(scope="module")
def bart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inside") / "bart"
    write("bart", folder)
    return opened(str(folder))


def test_queries_are_of_the_target_and_keys_and_values_of_the_source(bart):
    cross = of_part(bart, "cross", SOURCE)
    found = look_inside(cross, TARGET, "X1H2")
    library, taken = by_the_library(bart.source.folder), {}
    attends = library.model.decoder.layers[1].encoder_attn
    hooks = [
        getattr(attends, f"{name}_proj").register_forward_hook(
            lambda _module, _args, output, name=name: taken.update({name: output[0, :, 16:24].numpy()})
        )
        for name in "qkv"
    ]
    with torch.inference_mode():
        library(
            input_ids=torch.tensor([bart.encode(SOURCE).ids]),
            decoder_input_ids=torch.tensor([cross.encode(TARGET).ids]),
        )
    for hook in hooks:
        hook.remove()
    row = query_row(found, 3, 5)
    assert np.allclose(row.values, taken["v"], atol=1e-5)
    assert row.scores == pytest.approx(taken["q"][3] @ taken["k"].T, abs=1e-4)
    weights = attention(bart, SOURCE, "X1H2", target=TARGET).weights
    assert np.allclose(row.weights, weights[3], atol=1e-6) and len(row.weights) == len(found.keys) == weights.shape[1]
    assert found.keys[1] == cross.source_text.drawn[1] and found.layer.check.holds
    assert "itself" not in finding(found, query_row(found, 3)) and "of the source" in doubts(found)[0]
    of_keys = row_table(found, row).query("step == 'weight'")
    assert of_keys["of"].tolist() == list(cross.source_text.drawn)
    with pytest.raises(UserError, match="keys 0 to"):
        query_row(found, 3, len(found.keys))


@pytest.mark.parametrize(("part", "head"), [("decoder", "D1H2"), ("cross", "X1H2")])
def test_the_lines_open_the_same_part(bart, part, head, tmp_path, monkeypatch):
    found = look_inside(of_part(bart, part, SOURCE), TARGET, head)
    assert str(found.head) == head
    for picture in ("steps", "row"):
        chart = draw_inside(found, picture, query=2)
        assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
    table = verify(of_part(bart, part, SOURCE), TARGET)
    assert thing_of(table.attrs["provenance"], tmp_path, monkeypatch).equals(table)


def test_the_command_verifies_a_part(bart, tmp_path):
    out = tmp_path / "verify.csv"
    given = ["verify", SOURCE, "--model", bart.name, "--target", TARGET, "--part", "cross", "--out", str(out)]
    assert main(given) == 0 and len(out.read_text().splitlines()) == 4
