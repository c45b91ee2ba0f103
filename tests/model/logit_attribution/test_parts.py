"""What wrote a decoder's token: all parts, cross attention's heads among them, sum to the library's own logit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dashboard import (
    UserError,
    copying,
    draw_logit_attribution,
    draw_logit_components,
    logit_attribution,
    logit_components,
    of_part,
    open_model,
)
from dashboard.analyses.logit_attribution.text import attribution_finding, components_finding
from tests.helpers.snippets import thing_of
from tests.helpers.two_stacks import SOURCE, TARGET, by_the_library, write

QUERY = 5


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    made = {}

    def get(kind):
        if kind not in made:
            folder = tmp_path_factory.mktemp("parts") / kind
            write(kind, folder)
            made[kind] = open_model(str(folder))
        return made[kind]

    return get


def library_logits(model, decoder) -> torch.Tensor:
    with torch.inference_mode():
        return by_the_library(model.source.folder)(
            input_ids=torch.tensor([model.encode(SOURCE).ids]),
            decoder_input_ids=torch.tensor([decoder.encode(TARGET).ids]),
        ).logits[0]


@pytest.mark.parametrize("kind", ["t5", "mbart", "pegasus", "m2m_100"])
def test_all_parts_sum_to_the_library_s_logit(opened, kind):
    model = opened(kind)
    decoder = of_part(model, "decoder", SOURCE)
    own = library_logits(model, decoder)[QUERY]
    found = logit_components(decoder, TARGET, QUERY)
    assert found.piece == int(own.argmax())
    assert found.table["logit"].sum() == pytest.approx(float(own[found.piece]), abs=1e-3)
    other = logit_components(of_part(model, "cross", SOURCE), TARGET, QUERY, 17)
    assert other.table["logit"].sum() == pytest.approx(float(own[17]), abs=1e-3)
    counts = found.table["part"].value_counts()
    heads = decoder.layers * decoder.heads
    assert counts["head"] == counts["cross_head"] == heads and counts["feed_forward"] == decoder.layers
    assert (counts.get("cross_bias", 0) == decoder.layers) == (kind != "t5")
    assert set(found.heads["part"]) == {"decoder", "cross"} and len(found.heads) == 2 * heads
    assert found.heads["logit"].abs().min() > 0


def test_a_head_of_cross_attention_by_the_model_s_own_modules(opened):
    """Its slice of what the output projection takes, its columns of the weights, the norm's formula, the embeddings."""
    model, layer, head = opened("t5"), 1, 2
    cross, library, seen = of_part(model, "cross", SOURCE), by_the_library(opened("t5").source.folder), {}
    attends = library.decoder.block[layer].layer[1].EncDecAttention
    hooks = [
        attends.o.register_forward_pre_hook(lambda _m, args: seen.update(joined=args[0][0, QUERY].double())),
        library.decoder.final_layer_norm.register_forward_pre_hook(lambda _m, args: seen.update(x=args[0][0].double())),
    ]
    library_logits(model, cross)
    for hook in hooks:
        hook.remove()
    d = attends.o.in_features // cross.heads
    part = slice(head * d, (head + 1) * d)
    added = attends.o.weight[:, part].detach().double() @ seen["joined"][part].clone()
    norm, x = library.decoder.final_layer_norm, seen["x"][QUERY].clone()
    normed = added * norm.weight.detach().double() / (x.square().mean() + norm.variance_epsilon).sqrt()
    scale = library.config.d_model**-0.5 if library.config.tie_word_embeddings else 1.0
    change = (library.lm_head.weight.detach().double() @ normed * scale).numpy()
    found = logit_attribution(cross, TARGET, "X1H2", QUERY)
    assert np.allclose(found.raised["logit"], change[found.raised["id"]], atol=1e-4)
    assert found.mean == pytest.approx(change.mean(), abs=1e-4)
    parts = logit_components(cross, TARGET, QUERY, int(found.raised["id"][0])).table
    row = parts[(parts["part"] == "cross_head") & (parts["layer"] == layer) & (parts["head"] == head)]
    assert row["logit"].item() == pytest.approx(found.raised["logit"][0], abs=1e-4)
    source = cross.source_text
    assert [source.drawn[place] for place in found.read["position"]] == found.read["text"].tolist()
    assert str(found.head) == "X1H2" and "itself" not in attribution_finding(found)


@pytest.mark.parametrize(("part", "head"), [("decoder", "D1H2"), ("cross", "X1H2")])
def test_the_lines_open_the_same_part(opened, part, head, tmp_path, monkeypatch):
    model = of_part(opened("t5"), part, SOURCE)
    wrote, every = logit_attribution(model, TARGET, head, QUERY), logit_components(model, TARGET, QUERY)
    for chart in (draw_logit_attribution(wrote), draw_logit_components(every)):
        assert thing_of(chart.provenance, tmp_path, monkeypatch).to_dict() == chart.to_dict()
    again = thing_of(every.table.attrs["provenance"], tmp_path, monkeypatch)
    assert again.equals(every.table)
    assert "raises its logit most" in components_finding(every)


def test_what_makes_no_sense_is_said(opened):
    with pytest.raises(UserError, match="normalises what its heads add"):
        logit_components(of_part(opened("bart"), "decoder", SOURCE), TARGET, QUERY)
    with pytest.raises(UserError, match="without an encoder"):
        copying(of_part(opened("t5"), "decoder", SOURCE), ["D0H0"], sentences=2)
