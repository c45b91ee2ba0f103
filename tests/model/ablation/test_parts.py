"""Ablation of the heads of an encoder–decoder's decoder and cross attention, against hooks on the library's model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashboard import ablate, ablate_at_word, ablate_on_text, draw_ablation, draw_at_word, head_effects, of_part
from dashboard import open_model as opened
from dashboard.analyses.ablation.effect import token_rows
from dashboard.builtin import known_truth
from dashboard.cli import main
from dashboard.corpus import sample
from dashboard.errors import UserError
from tests.helpers.snippets import thing_of
from tests.helpers.two_stacks import SOURCE, TARGET, by_the_library, write

MODULES = {
    "decoder": "model.decoder.layers.1.self_attn.out_proj",
    "cross": "model.decoder.layers.1.encoder_attn.out_proj",
}
OTHERS = ["A heron waits by the water.", "Nobody remembered the bridge."]


@pytest.fixture(scope="module")
def bart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ablation") / "bart"
    write("bart", folder)
    return opened(str(folder))


@pytest.mark.parametrize("part", MODULES)
def test_a_head_s_mean_is_of_its_own_part_and_source(bart, part, monkeypatch):
    read = of_part(bart, part, SOURCE)
    target = read.encode(TARGET)
    others = [read.encode(one) for one in OTHERS]
    monkeypatch.setattr(sample, "sample", lambda model, *_args, **_how: (others, []))
    for other in MODULES:  # the same module, whose means must not be taken for these
        ablate(of_part(bart, other, SOURCE), target, [f"{'X' if other == 'cross' else 'D'}0H0"], by="mean")
    found = ablate(read, target, [f"{'X' if part == 'cross' else 'D'}1H2"], by="mean").table

    library, cut = by_the_library(read.source.folder), slice(16, 24)
    source = torch.tensor([bart.encode(SOURCE).ids])
    module, taken = library.get_submodule(MODULES[part]), []

    def logits(ids):
        with torch.inference_mode():
            return library(input_ids=source, decoder_input_ids=torch.tensor([ids])).logits[0]

    hook = module.register_forward_pre_hook(lambda _module, args: taken.append(args[0][0, :, cut]))
    for one in others:
        logits(one.ids)
    hook.remove()
    mean, intact = torch.cat(taken).mean(0), logits(target.ids)

    def replace(_module, args):
        mixed = args[0].clone()
        mixed[..., cut] = mean
        return (mixed, *args[1:])

    hook = module.register_forward_pre_hook(replace)
    without = logits(target.ids)
    hook.remove()
    ids = torch.tensor(target.ids)
    before, after = (float(torch.nn.functional.cross_entropy(one[:-1], ids[1:])) for one in (intact, without))
    assert found["loss_change"][0] == pytest.approx(after - before, abs=1e-5) and abs(after - before) > 1e-4


def test_the_lines_open_the_same_part(bart, tmp_path, monkeypatch):
    cross = of_part(bart, "cross", SOURCE)
    heads = ["X0H1", "X2H3"]
    table = ablate(cross, TARGET, heads).table
    assert thing_of(table.attrs["provenance"], tmp_path, monkeypatch).equals(table)
    chart = draw_ablation(ablate_on_text(cross, TARGET, heads))
    assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
    word = draw_at_word(ablate_at_word(cross, TARGET, heads[0], "lamp"))
    assert thing_of(word.provenance, tmp_path, monkeypatch).to_dict() == word.to_dict()


def test_where_no_prediction_changes_each_token_has_its_figures(tmp_path):
    known_truth.write(tmp_path / "aligner", "aligner")
    cross = of_part(opened(str(tmp_path / "aligner")), "cross", "river stone lamp apple")
    found = ablate(cross, "lamp apple river stone", cross.all_heads[:1])
    rows = token_rows(found.tokens, found.changed)
    assert len(found.changed) == 0 and len(rows) == len(found.tokens) > 0
    assert set(rows["part"]) == {"cross"} and rows["old"].isna().all() and rows["p"].notna().all()


def test_the_command_ablates_a_part(bart, tmp_path):
    out = tmp_path / "effects.csv"
    given = ["ablate", SOURCE, "--model", bart.name, "--target", TARGET]
    assert main([*given, "--heads", "X0H1", "--out", str(out)]) == 0
    expected = ablate(of_part(bart, "cross", SOURCE), TARGET, ["X0H1"]).table
    assert np.isclose(float(out.read_text().splitlines()[1].split(",")[3]), expected["loss_change"][0])
    assert main([*given, "--part", "decoder", "--out", str(out)]) == 0
    assert len(out.read_text().splitlines()) == 13 and "decoder" in out.read_text()
    assert main([*given, "--heads", "X0H1,D0H1", "--out", str(out)]) == 2
    assert main(["ablate", "builtin", "--model", bart.name, "--part", "cross", "--out", str(out)]) == 2


def test_the_built_in_sentences_measure_no_part_that_reads_a_target(bart):
    with pytest.raises(UserError, match="no targets"):
        head_effects(of_part(bart, "decoder", SOURCE))
