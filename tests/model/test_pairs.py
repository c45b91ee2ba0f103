"""Sentence pairs: read as the tokenizer encodes them, and looked at from one text to one."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from dashboard import attention, save, scores
from dashboard.analyses.ablation.api import ablate
from dashboard.analyses.ablation.draw import ablate_on_text, draw_ablation
from dashboard.analyses.ablation.draw_joint import ablate_jointly, draw_joint_ablation
from dashboard.analyses.compare.api import compare_models, draw_aligned, draw_closest_pairs
from dashboard.analyses.contribution.api import rollout
from dashboard.analyses.explore.api import attentions, draw, fit_for
from dashboard.analyses.explore.text import finding
from dashboard.analyses.find_heads.api import draw_found, find_heads
from dashboard.analyses.inside.api import draw_inside, look_inside
from dashboard.analyses.layers.api import draw_residual_stream, residual_stream
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.export import snippet
from dashboard.export.provenance import provenance_of
from tests.helpers.sentences import heads_in, wording

A, B = "The heron waits. It cannot hurry.", "The miller cannot wait!"


@pytest.fixture(scope="module")
def library(minilm):
    """The library's own attention over the pair: (layers, heads, n, n)."""
    folder = minilm.source.folder
    inputs = AutoTokenizer.from_pretrained(folder)(A, B, return_tensors="pt", padding=False)
    model = AutoModel.from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        return inputs, torch.stack(model(**inputs, output_attentions=True).attentions)[:, 0].numpy()


def test_a_pair_is_what_the_library_makes_of_it(minilm, library):
    inputs, every = library
    encoding = minilm.encode(A, pair=B)
    assert list(encoding.ids) == inputs["input_ids"][0].tolist()
    assert list(encoding.types) == inputs["token_type_ids"][0].tolist() and 1 in encoding.types
    assert encoding.texts == (A, B)
    for layer, head in ((0, 0), (2, 0), (5, 11)):
        view = attention(minilm, A, f"L{layer}H{head}", pair=B)
        assert np.abs(view.weights - every[layer, head]).max() < 1e-5
    alone = minilm.encode(f"{A} {B}")
    assert alone.types == () and alone.second is None


def test_words_stand_where_their_text_has_them(minilm):
    encoding = minilm.encode(A, pair=B)
    axis = encoding.axis("words")
    assert [label for label, segment in zip(axis.labels, axis.segments, strict=True) if segment] == [
        "The",
        "miller",
        "cannot",
        "wait",
        "!",
        "[SEP]",
    ]
    assert all(encoding.text[word.start : word.end] == word.form for word in encoding.words)


@pytest.mark.parametrize("unit", ["tokens", "words"])
def test_what_goes_between_the_texts_adds_up_to_the_whole(minilm, unit):
    [whole] = attentions(minilm, A, ["L2H0"], unit=unit, pair=B)
    segments = np.array(whole.segments)
    for which in ("AA", "AB", "BA", "BB"):
        looks, seen = (segments == "AB".index(name) for name in which)
        part = whole.between(which)
        wanted = whole.weights[np.ix_(looks, seen)]
        own = part.weights if which[0] == which[1] else part.weights[np.ix_(looks, seen)]
        assert np.array_equal(own, wanted)
        assert part.weights.sum() == pytest.approx(wanted.sum(), abs=1e-5)
        rows = part.outside if which[0] == which[1] else part.outside[looks]
        assert rows + wanted.sum(1) == pytest.approx(np.ones(looks.sum()), abs=1e-5)
        assert which[0] == which[1] or not part.outside[~looks].any()


def naive_scores(weights, ids, special, segments, looks, seen):
    """METRICS §1, token by token, over the rows of one text and the keys of one, each row divided by what is left."""
    sums = {name: [] for name in ("self", "previous", "next", "first", "special", "same_token", "entropy", "distance")}
    keys = [j for j in range(len(ids)) if segments[j] == seen]
    for i in range(len(ids)):
        if segments[i] != looks or special[i]:
            continue
        total = sum(weights[i, j] for j in keys)
        row = {j: weights[i, j] / total for j in keys}
        for name, j in (("self", i), ("previous", i - 1), ("next", i + 1), ("first", 0)):
            if j in row:
                sums[name].append(row[j])
        sums["special"].append(sum(row[j] for j in keys if special[j]))
        same = [j for j in keys if j != i and ids[j] == ids[i]]
        if same:
            sums["same_token"].append(sum(row[j] for j in same))
        sums["entropy"].append(-sum(w * np.log2(w) for w in row.values() if w > 0))
        sums["distance"].append(sum(w * abs(i - j) for j, w in row.items()))
    return {name: np.mean(found) if found else np.nan for name, found in sums.items()}


@pytest.mark.parametrize("which", ["AA", "AB", "BA", "BB"])
def test_scores_between_the_texts_by_hand(minilm, library, which):
    _, every = library
    encoding = minilm.encode(A, pair=B)
    table = scores(minilm, A, pair=B, between=which).set_index(["layer", "head"])
    looks, seen = ("AB".index(name) for name in which)
    for layer, head in ((0, 2), (2, 0), (5, 11)):
        wanted = naive_scores(every[layer, head], encoding.ids, encoding.special, encoding.segments, looks, seen)
        for name, value in wanted.items():
            assert table.loc[(layer, head), name] == pytest.approx(value, abs=1e-4, nan_ok=True), name


def test_what_cannot_be_a_pair_is_said(minilm, smollm2, refuses):
    with refuses(UserError):
        smollm2.encode(A, pair=B)
    with refuses(UserError):
        minilm.encode(A, pair="  ")
    with refuses(UserError, "512"):
        minilm.encode(A * 40, pair=B * 40)
    with refuses(UserError):
        attention(minilm, A, "L2H0").between("AB")
    with refuses(UserError):
        scores(minilm, A, between="AB")
    assert not smollm2.has_pairs and minilm.has_pairs


def test_the_lines_make_a_picture_of_a_pair_again(minilm):
    view = attention(minilm, A, "L2H0", unit="words", pair=B, between="AB")
    lines = snippet(provenance_of([view], "matrix"))
    assert f"text = {A!r}" in lines and f"pair={B!r}" in lines and "between='AB'" in lines


def test_on_the_command_line(tmp_path, capsys):
    out = tmp_path / "a.csv"
    ask = ["attention", A, "--pair", B, "--layer", "2", "--head", "0", "--unit", "words", "--between", "BA"]
    assert main([*ask, "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert set(table["from"]) <= {"The", "miller", "cannot", "wait", "!", "[SEP]"} and "heron" in set(table["to"])
    chart = ["chart", A, "--pair", B, "--heads", "L2H0", "--between", "AB", "--out", str(tmp_path / "a.json")]
    assert main(chart) == 0
    given = {one["name"]: one.get("value") for one in json.loads((tmp_path / "a.json").read_text())["params"]}
    assert "heron" in given["words0"] and "miller" in given["columns0"] and "heron" not in given["columns0"]
    assert main(["scores", A, "--pair", B, "--out", str(tmp_path / "s.csv")]) == 0
    assert main(["scores", A, "--between", "AB", "--out", str(tmp_path / "s.csv")]) == 2
    assert "--pair" in capsys.readouterr().err


def test_words_one_by_one_on_the_command_line(tmp_path):
    out = tmp_path / "w.csv"
    ask = ["attention", "They do n't wait", "--as", "words", "--layer", "2", "--head", "0", "--unit", "words"]
    assert main([*ask, "--out", str(out)]) == 0
    assert list(dict.fromkeys(pd.read_csv(out)["from"])) == ["[CLS]", "They", "do", "n't", "wait", "[SEP]"]


def figures(model) -> dict[str, object]:
    """Everything that is drawn of heads over a text, of a pair."""
    between = [attention(model, A, head, pair=B, unit="words", between="BA") for head in ("L2H9", "L2H8")]
    return {
        "found": draw_found(find_heads(model, A, "miller > heron", pair=B)),
        "without": draw_ablation(ablate_on_text(model, A, "L2H9", pair=B)),
        "together": draw_joint_ablation(ablate_jointly(model, A, ["L2H9", "L2H8"], pair=B)),
        "inside": draw_inside(look_inside(model, A, "L2H9", pair=B), "row", query=4),
        "flow": draw_residual_stream(residual_stream(model, A, pair=B)),
        "alike": draw_closest_pairs(between),
        "aligned": draw_aligned(compare_models(model, "L2H9", model, "L2H8", A, pair=B, between="AB")),
    }


def test_every_figure_of_a_pair_is_made_again_by_its_lines(minilm, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, figure in figures(minilm).items():
        first = save(figure, f"first-{name}.svg").read_bytes()
        exec(snippet(figure.provenance), {})
        [again] = [path for path in tmp_path.glob("*.svg") if not path.name.startswith("first-")]
        assert again.read_bytes() == first, name
        again.unlink()


def test_find_heads_across_the_texts_by_hand(minilm):
    """METRICS §8 in loops: the share of a link from the second text to the first, less what this distance gets."""
    found = find_heads(minilm, A, "miller > heron", pair=B)
    forms = [word.form for word in minilm.encode(A, pair=B).words]
    i, j = forms.index("miller"), forms.index("heron")
    row = found.table[(found.table["layer"] == 2) & (found.table["head"] == 9)].iloc[0]
    whole = attention(minilm, A, "L2H9", pair=B, unit="words", special="hide").weights.astype(float)
    shares = {
        (a, b): whole[a, b] / sum(whole[a, k] for k in range(len(forms)) if k != a)
        for a in range(len(forms))
        for b in range(len(forms))
        if a != b
    }
    others = [share for (a, b), share in shares.items() if b - a == j - i and a != i]
    assert row["score"] == pytest.approx(shares[i, j], abs=1e-5)
    assert row["baseline"] == pytest.approx(np.mean(others), abs=1e-5)


def test_rollout_and_ablation_of_a_pair_are_those_of_what_the_library_reads(minilm, library):
    inputs, every = library
    n = every.shape[-1]
    rolled = np.eye(n)
    for layer in every.astype(float):
        rolled = (layer.mean(0) + np.eye(n)) / 2 @ rolled
    assert np.abs(rollout(minilm, A, pair=B).weights - rolled).max() < 1e-5

    def last(cut: bool) -> np.ndarray:
        model = AutoModel.from_pretrained(minilm.source.folder, attn_implementation="eager").eval()
        if cut:
            size = model.config.hidden_size // model.config.num_attention_heads
            with torch.no_grad():
                model.encoder.layer[2].attention.output.dense.weight[:, 9 * size : 10 * size] = 0
        with torch.inference_mode():
            return model(**inputs).last_hidden_state[0].double().numpy()

    a, b = last(False), last(True)
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    kept = ~np.array(minilm.encode(A, pair=B).special)
    shift = ablate(minilm, A, ["L2H9"], pair=B).table["shift"].iloc[0]
    assert shift == pytest.approx((1 - cosine)[kept].mean(), abs=1e-6)


@pytest.mark.parametrize("which", ["AB", "BA"])
def test_a_map_between_the_texts_has_one_along_each_side(minilm, which):
    view = attention(minilm, A, "L2H9", pair=B, unit="words", special="hide", between=which)
    words = [list(view.labels[:8]), list(view.labels[8:])]
    assert [" ".join(one) for one in words] == ["The heron waits . It cannot hurry .", "The miller cannot wait !"]
    given = {one["name"]: one.get("value") for one in draw(view, "heatmap").to_dict()["params"]}
    looks, seen = words if which == "AB" else reversed(words)
    assert given["words0"] == looks and given["columns0"] == seen
    rows, columns = view.crop
    assert view.weights.sum() == pytest.approx(view.weights[rows, columns].sum())
    assert view.weights[rows, columns].shape == (len(looks), len(seen))


@pytest.mark.parametrize("which", ["AB", "BA", "BB"])
@pytest.mark.parametrize("second", ["\u200b", "\x00", "\x01\x02"])
def test_a_second_text_of_which_nothing_is_read_is_told(minilm, second, which, refuses_alike):
    with refuses_alike(UserError):
        attention(minilm, A, "L2H9", pair=second, unit="words", special="hide", between=which)


def test_the_text_shaded_by_what_one_text_gives_to_the_other(minilm):
    """The shade is the mean over those that look, not over both texts."""
    view = attention(minilm, A, "L2H9", pair=B, unit="words", between="AB")
    looks = np.array(view.segments) == 0
    shades = {row["k"]: row["w"] for row in _rows_with(draw(view, "reading").to_dict(), "k", "w")}
    expected = view.weights[looks].mean(0)
    assert max(abs(shades[k] - expected[k]) for k in shades) < 1e-4


def _rows_with(spec: object, *fields: str) -> list[dict]:
    """The first data of a drawing whose rows have these fields."""
    for values in _values(spec):
        if values and isinstance(values[0], dict) and {*fields} <= {*values[0]}:
            return values
    raise AssertionError(fields)


def _values(spec: object):
    if isinstance(spec, dict):
        if isinstance(spec.get("values"), list):
            yield spec["values"]
        for part in spec.values():
            yield from _values(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from _values(part)


@pytest.mark.parametrize("view_name", ["heatmap", "lines", "arcs"])
@pytest.mark.parametrize("start", [0, 5, 95, 150])
def test_a_part_of_a_long_pair_holds_some_of_both_texts(minilm, view_name, start):
    long = " ".join(["The heron waits by the water"] * 17)
    whole = attention(minilm, long, "L2H9", pair=long, unit="words", between="BA")
    part = fit_for(whole, view_name, start, 40)
    assert {*part.segments} == {0, 1} and part.allowed.any() and part.weights.any()
    assert heads_in(draw(whole, view_name, start=start, most=40).to_dict()["description"])[:1] == ["L2H9"]


def test_rollout_between_the_texts_is_made_again(minilm, tmp_path, monkeypatch, snapshot):
    monkeypatch.chdir(tmp_path)
    view = rollout(minilm, A, (0, 2), pair=B, between="AB")
    save(draw(view, "heatmap"), "first.json")
    exec(snippet(provenance_of([view], "heatmap", model=minilm.name)).replace(".svg", ".json"), {})
    [again] = [path for path in tmp_path.glob("*.json") if path.name != "first.json"]
    first, second = (json.loads(path.read_text())["description"] for path in (tmp_path / "first.json", again))
    assert first == second
    assert wording(finding(view)) == snapshot


def test_a_matrix_of_a_pair_says_which_text_and_which_links(minilm, tmp_path):
    kept = np.load(save(attention(minilm, A, "L2H9", pair=B, between="AB"), tmp_path / "pair.npz"))
    assert sorted({*kept["segments"].tolist()}) == [0, 1]
    assert not kept["weights"][~kept["allowed"]].any() and kept["allowed"].any()
    spans = kept["spans"][(kept["segments"] == 1) & ~kept["special"]]
    assert f"{A}\n{B}"[spans[0][0] : spans[0][1]] == "The"
