"""Contributions and rollout (METRICS §6), each computed a second way by a copy of the model with eager attention."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch

from dashboard import contributions, draw, rollout, save
from dashboard.analyses.compare.divergence import compare
from dashboard.analyses.contribution.norms import contribution_views, round_number, weighted_values
from dashboard.analyses.explore.text import finding
from dashboard.capture.layer_trace import layer_run
from dashboard.errors import UserError
from dashboard.export import file_stem, matrix_bytes, snippet
from dashboard.heads.head_id import HeadId
from dashboard.heads.links import links
from dashboard.models import load

TEXT = "Unbelievably, the chef says ramen is tokenization-heavy."
PATHS = {  # value projection, output projection
    "minilm": ("encoder.layer.{}.attention.self.value", "encoder.layer.{}.attention.output.dense"),
    "smollm2": ("layers.{}.self_attn.v_proj", "layers.{}.self_attn.o_proj"),
}
LAYER = 3


class Copy:
    """One layer of a copy of the model: its weights (h, n, n), values (g, n, d), W_O (D, h·d), bias and output."""

    def __init__(self, model, encoding):
        own = load(model.source, attn_implementation="eager").model.eval()
        value, out = (own.get_submodule(path.format(LAYER)) for path in PATHS[model.name])
        kept = {}
        value.register_forward_hook(lambda _m, _a, result: kept.__setitem__("v", result[0]))
        out.register_forward_hook(lambda _m, _a, result: kept.__setitem__("output", result[0]))
        with torch.inference_mode():
            layers = own(torch.tensor([encoding.ids]), output_attentions=True).attentions
        self.layers = [layer[0].double().numpy() for layer in layers]
        self.weights, self.output = self.layers[LAYER], kept["output"].double().numpy()
        self.w_o = out.weight.detach().double().numpy()
        self.bias = 0.0 if out.bias is None else out.bias.detach().double().numpy()
        d = self.w_o.shape[1] // len(self.weights)
        groups = kept["v"].shape[1] // d
        self.v = kept["v"].double().numpy().reshape(len(encoding), groups, d).transpose(1, 0, 2)

    def projected(self, head: int) -> np.ndarray:
        """v_j W_O (n, D) of a head, which shares its values with its group."""
        d = self.v.shape[2]
        return self.v[head * len(self.v) // len(self.weights)] @ self.w_o[:, head * d : (head + 1) * d].T


@pytest.fixture(scope="module", params=["minilm", "smollm2"])
def both(request):
    model = request.getfixturevalue(request.param)
    encoding = model.encode(TEXT)
    return model, encoding, Copy(model, encoding)


def test_they_sum_to_what_the_attention_block_gives(both):
    model, encoding, copy = both
    run = layer_run(model, encoding, LAYER)
    whole = sum(one.weights @ one.projected for one in (weighted_values(run, head) for head in range(model.heads)))
    bias = run.b_o if isinstance(run.b_o, float) else run.b_o.numpy()
    assert np.abs(whole + bias - copy.output).max() < 1e-4 < np.abs(copy.output).max()


def test_tokens_and_words_are_the_loop_over_pairs(both):
    """To a word its tokens' vectors are added, from a word they are averaged; then the norm."""
    model, encoding, copy = both
    assert any(encoding.word_of.count(word) > 1 for word in range(len(encoding.words)))  # a word of several tokens
    heads = [HeadId(LAYER, model.heads - 1), HeadId(LAYER, 1)]
    for unit in ("tokens", "words"):
        axis = encoding.axis(unit)
        for view, head in zip(contribution_views(model, encoding, heads, unit=unit), heads, strict=True):
            weights, projected = copy.weights[head.head], copy.projected(head.head)
            expected = [
                [
                    np.linalg.norm(np.mean([sum(weights[a, b] * projected[b] for b in keys) for a in asks], 0))
                    for keys in axis.members
                ]
                for asks in axis.members
            ]
            assert np.allclose(view.weights, expected, atol=1e-4) and view.labels == axis.labels
            assert view.full >= view.weights.max() and view.full == round_number(view.full)
            hidden = next(iter(contribution_views(model, encoding, [head], unit=unit, special="hide")))
            kept = np.flatnonzero(~np.array(axis.special))
            assert np.array_equal(hidden.weights, view.weights[np.ix_(kept, kept)])  # nothing is renormalised


def test_rollout_is_the_product(both):
    model, encoding, copy = both
    for first, last in ((0, model.layers - 1), (1, 3), (2, 2)):
        view = rollout(model, encoding, (first, last))
        expected = np.eye(len(encoding))
        for layer in copy.layers[first : last + 1]:
            expected = (0.5 * layer.mean(0) + 0.5 * np.eye(len(encoding))) @ expected
        assert np.allclose(view.weights, expected, atol=1e-5)
        assert np.allclose(view.weights.sum(1), 1, atol=1e-5)
        assert str(view.head) == ("Rollout L2" if first == last else f"Rollout L{first} to L{last}")
    assert np.array_equal(rollout(model, encoding).weights, rollout(model, encoding, (0, model.layers - 1)).weights)


def test_rollout_in_blocks_of_rows_is_the_same(minilm, monkeypatch):
    import dashboard.capture.attention_call as call

    whole = rollout(minilm, TEXT).weights
    original = call.Call.blocks
    monkeypatch.setattr(call.Call, "blocks", lambda self, rows=None, heads=None: original(self, 5, heads))
    assert np.allclose(rollout(minilm, TEXT).weights, whole, atol=1e-6)


def test_pictures_tables_and_lines_say_what_they_measure(minilm, tmp_path, monkeypatch, refuses):
    views = contributions(minilm, TEXT, ["L2H0", "L2H1"], unit="words")
    most = f"{views[0].weights.max():.3g}"
    table, weights = links(views[0]), views[0].weights
    assert table["contribution"].max() == weights.max() and "weight" not in table
    with np.load(io.BytesIO(matrix_bytes(views[0]))) as file:
        assert np.array_equal(file["contributions"], weights)
    assert f"norm {most}" in finding(views[0]) and "attention" not in finding(views[0])
    for name in ("heatmap", "lines", "arcs", "reading"):
        spec = draw(views[0], name).to_json()
        assert "norm" in spec and "%" not in spec.partition('"subtitle"')[2].partition("]")[0]
        if name != "arcs":
            assert f"* {views[0].full!r}" in spec
    said = draw(views, "difference").description
    gap = views[0].weights - views[1].weights
    i, j = np.unravel_index(gap.argmax(), gap.shape)
    assert f": {views[0].weights[i, j]:.3g} against {views[1].weights[i, j]:.3g}." in said and "%" not in said
    with refuses(UserError):
        draw([views[0], replace(views[1], measure="weight")], "heatmap")
    with refuses(UserError):
        compare(*views)
    monkeypatch.chdir(tmp_path)
    for view in (*views, rollout(minilm, TEXT, (1, 2), special="hide")):
        drawing = draw(view, "lines")
        code = snippet(drawing.provenance)
        exec(code, {})
        save(drawing, tmp_path / "here.svg")
        again = tmp_path / f"{file_stem(drawing.provenance)}.svg"
        assert ("contribution" in again.name) == (view.measure == "contribution")
        # Also where a head drawn with another one has another round number for full ink than by itself.
        save(drawing, tmp_path / "here.svg")
        assert again.read_bytes() == (tmp_path / "here.svg").read_bytes()


def test_what_cannot_be_measured_is_a_sentence(minilm, monkeypatch, refuses):
    with refuses(UserError, "0 to 5"):
        rollout(minilm, TEXT, (3, 2))
    with pytest.raises(UserError, match="L9H9"):
        contributions(minilm, TEXT, ["L9H9"])
    assert contributions(minilm, TEXT, []) == []
    monkeypatch.setattr("dashboard.capture.layer_trace._Watch._output", lambda self, product: None)
    with refuses(UserError, "MiniLM"):
        contributions(minilm, TEXT, ["L2H0"])


def test_round_numbers():
    assert [round_number(x) for x in (0, 1, 1.01, 3.3, 0.0021, 77, 0.5)] == [1, 1, 2, 5, 0.005, 100, 0.5]
