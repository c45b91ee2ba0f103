"""The numbers of “Inside a head”, each computed a second way, and its pictures."""

import json
import math
import re
from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import pytest
import torch

from dashboard import draw_inside, look_inside
from dashboard.analyses.inside.steps import SIDE, query_row
from dashboard.analyses.inside.text import apart, arithmetic, finding, proof, row_table, steps_table
from dashboard.capture import head_weights, qkv
from dashboard.cli import main
from dashboard.export import figure_bytes, snippet
from dashboard.export.provenance import file_stem
from dashboard.export.save import save
from dashboard.heads.format import number
from dashboard.heads.head_id import HeadId
from tests.helpers.sentences import heads_in, numbers, wording

TEXT = "The chef who trained in Osaka says ramen is her favourite food."
LONG = " ".join([TEXT] * 60)


@pytest.fixture(scope="module")
def chef(minilm):
    return look_inside(minilm, TEXT, "L3H4")


@pytest.fixture(scope="module")
def read_left_to_right(smollm2):
    return look_inside(smollm2, TEXT, "L10H5")


@pytest.mark.parametrize("name", ["chef", "read_left_to_right"])
def test_a_row_is_what_the_tap_sees(name, request, minilm, smollm2):
    """Weights, queries and keys from the tap, not from our projections."""
    this = request.getfixturevalue(name)
    model = minilm if name == "chef" else smollm2
    layer, head = this.head.layer, this.head.head
    q, k, v = (part[head].astype(np.float64) for part in qkv(model, this.encoding, layer))
    [weights] = head_weights(model, this.encoding, [this.head])
    for query in (0, 5, len(this.encoding) - 1):
        row = query_row(this, query)
        key = int(weights[query].argmax())
        assert (row.query, row.key) == (query, key)
        assert np.allclose(row.products, q[query] * k[key], atol=1e-4)
        assert math.isclose(row.products.sum(), row.scores[key], rel_tol=1e-4)
        assert np.allclose(row.scores, k @ q[query], atol=2e-4 * abs(k @ q[query]).max())
        assert np.allclose(row.scaled, row.scores * this.d**-0.5, rtol=1e-5)
        assert np.allclose(row.weights, weights[query], atol=1e-5)
        assert math.isclose(row.weights.sum(), 1, rel_tol=1e-5)
        assert np.allclose(row.mixed, weights[query] @ v, atol=1e-4)
        hidden = np.arange(len(weights)) > query if model.causal else np.zeros(len(weights), bool)
        assert (np.isinf(row.masked) == hidden).all() and np.allclose(row.masked[~hidden], row.scaled[~hidden])


@pytest.mark.parametrize("name", ["chef", "read_left_to_right"])
def test_what_the_heads_add_is_the_output_without_each(name, request, minilm, smollm2):
    """The length of a head's part: the layer's own output, less that with the head's columns set to nothing."""
    this = request.getfixturevalue(name)
    model = minilm if name == "chef" else smollm2
    joined, modules = [], dict(model.loaded.model.named_modules())
    path = "encoder.layer.3.attention.output.dense" if name == "chef" else "layers.10.self_attn.o_proj"
    handle = modules[path].register_forward_pre_hook(lambda _m, args: joined.append(args[0][0].clone()))
    with torch.inference_mode():
        model.loaded.model(torch.tensor([this.encoding.ids]))
        handle.remove()
        for query in (1, 7):
            norms = query_row(this, query).norms
            whole = joined[0][query]
            for head in range(model.heads):
                without = whole.clone()
                without[head * this.d : (head + 1) * this.d] = 0
                length = (modules[path](whole) - modules[path](without)).norm()
                assert math.isclose(float(length), norms[head], rel_tol=1e-3)


def test_maps_of_a_short_text_are_the_steps_themselves(chef, minilm):
    [weights] = head_weights(minilm, chef.encoding, [HeadId(3, 4)])
    assert list(chef.maps) == ["x", "q", "k", "v", "scores", "scaled", "masked", "weights", "mixed", "joined", "output"]
    assert np.allclose(chef.maps["weights"].values, weights, atol=1e-6)
    assert [chef.maps[name].shape for name in ("x", "q", "scores", "joined", "output")] == [
        (16, 384),
        (16, 32),
        (16, 16),
        (16, 384),
        (16, 384),
    ]
    assert chef.maps["masked"].hidden == 0
    assert chef.maps["output"].high <= chef.layer.check.size


def test_maps_of_a_long_text_are_means_over_blocks(minilm):
    this = look_inside(minilm, LONG, "L3H4")
    n = len(this.encoding)
    assert n == 512
    [weights] = head_weights(minilm, this.encoding, [HeadId(3, 4)])
    part = this.maps["weights"]
    assert part.values.shape == (SIDE, SIDE) and part.shape == (n, n)
    edges = [k * n // SIDE for k in range(SIDE + 1)]
    for i, j in ((0, 0), (17, 40), (95, 95), (60, 3)):
        block = weights[edges[i] : edges[i + 1], edges[j] : edges[j + 1]]
        assert math.isclose(part.values[i, j], block.mean(), rel_tol=1e-3, abs_tol=1e-7)
    assert math.isclose(part.high, weights.max(), rel_tol=1e-5)


def test_what_a_causal_mask_hides_is_not_in_the_map(read_left_to_right):
    n = len(read_left_to_right.encoding)
    part = read_left_to_right.maps["masked"]
    assert part.hidden == n * (n - 1) // 2
    assert (np.isnan(part.values) == np.triu(np.ones((n, n), bool), 1)).all()


def test_the_sentences(chef, read_left_to_right, snapshot):
    row = query_row(chef, 7, 3)
    share = numbers(finding(chef, row))[0]
    assert heads_in(finding(chef, row)) == ["L3H4"] and share == pytest.approx(100 * row.weights.max(), rel=0.06)
    assert number(float(row.scores[3])) in arithmetic(chef, row, "scores")
    for this in (chef, read_left_to_right):
        for step in this.maps:
            said = arithmetic(this, query_row(this, 4), step)
            assert said.endswith(".") and "nan" not in said
    hidden = arithmetic(read_left_to_right, query_row(read_left_to_right, 2, 9), "masked")
    assert numbers(hidden)[:2] == [3, len(read_left_to_right.encoding)]
    assert [wording(finding(chef, row)), wording(hidden)] == snapshot
    assert (number(-0.05), number(1234.5), number(-np.inf), number(0)) == ("−0.0500", "1,234", "−∞", "0")
    assert (apart(1.2e-7), apart(0.0)) == ("1.2·10⁻⁷", "0")


def test_the_proof_says_no_difference_and_a_difference(chef, snapshot):
    def said(weights, output):
        checked = replace(chef.layer.check, weights=weights, output=output, size=2.0)
        return proof(replace(chef, layer=replace(chef.layer, check=checked))).split(": ")[1]

    none, both, one = said(0.0, 0.0), said(2e-7, 3e-6), said(2e-7, math.nan)
    assert numbers(none) == [2] and numbers(both) == [2e-7, 3e-6, 2] and numbers(one) == [2e-7]
    assert [none, both, one] == snapshot


@pytest.mark.parametrize("width", [320, 440, 980])
def test_titles_that_stand_side_by_side_begin_at_one_height(chef, read_left_to_right, width):
    for this in (chef, read_left_to_right):
        row = draw_inside(this, "row", query=7, width=width).to_dict()
        shares, values = row["vconcat"][1]["hconcat"]
        assert len(shares["title"]["subtitle"]) == len(values["title"]["subtitle"])
        written = json.dumps(draw_inside(this, "steps", query=7, width=width).to_dict(), ensure_ascii=False)
        tops = {says: float(y) for y, says in re.findall(r'"y": ([\d.]+), "says": "(\w+)[^"]* × ', written)}
        assert len(tops) == 11
        columns = {320: 2, 440: 3, 980: 6}[width]
        assert len(set(tops.values())) == -(-11 // columns)


def test_the_tables_hold_what_is_drawn(read_left_to_right):
    row = query_row(read_left_to_right, 6)
    table = row_table(read_left_to_right, row)
    sums = table.groupby("step")["value"].sum()
    assert math.isclose(sums["weight"], 1, rel_tol=1e-5)
    assert math.isclose(sums["product"], row.scores[row.key], rel_tol=1e-4)
    assert table[(table.step == "masked")].value.isna().sum() == len(read_left_to_right.encoding) - 7
    assert len(steps_table(read_left_to_right)) == 11


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("picture", ["steps", "row"])
def test_pictures_are_whole_and_small(chef, read_left_to_right, minilm, picture, theme):
    for this, width in ((chef, 980), (read_left_to_right, 520)):
        chart = draw_inside(this, picture, query=5, step="masked", theme=theme, width=width)
        alt.Chart.from_dict(chart.to_dict())
        assert this.head.__str__() in chart.description and chart.description.endswith(".")
        assert figure_bytes(chart, "svg", chart.provenance).startswith(b"<svg")
    long = draw_inside(look_inside(minilm, LONG, "L3H4"), picture, query=300, theme=theme)
    assert len(json.dumps(long.to_dict())) < 300_000


@pytest.mark.parametrize("text", ["a", "🍜", "</script>\u202e\x00 \x1b", "مرحبا بالعالم", "=1+1"])
def test_any_text(minilm, text):
    this = look_inside(minilm, text, "L0H2")
    for picture in ("steps", "row"):
        assert figure_bytes(draw_inside(this, picture, query=len(this.encoding) - 1), "svg").startswith(b"<svg")


def test_one_token(smollm2):
    this = look_inside(smollm2, "a", "L5H5", bos=False)
    assert len(this.encoding) == 1 and query_row(this, 0).weights.tolist() == [1.0]
    assert figure_bytes(draw_inside(this, "row"), "svg") and figure_bytes(draw_inside(this, "steps"), "svg")


@pytest.mark.parametrize("picture", ["steps", "row"])
def test_the_lines_beside_a_picture_make_it_again(minilm, picture, tmp_path, monkeypatch):
    this = look_inside(minilm, TEXT, "L2H8")
    chart = draw_inside(this, picture, query=8, key=7, theme="dark", width=700)
    monkeypatch.chdir(tmp_path)
    exec(snippet(chart.provenance), {})
    again = (tmp_path / f"{file_stem(chart.provenance)}.svg").read_bytes()
    assert again == figure_bytes(chart, "svg", chart.provenance)


def texts(model):
    """One token, twelve, and as many as the model takes, at most 2,048."""
    yield model.encode("a", bos=False)
    twelve = model.encode(TEXT, limit=12)
    assert len(twelve) == 12
    yield twelve
    yield model.encode(" ".join([TEXT] * 200), limit=min(model.limit, 2048))


def test_verify_on_minilm_holds_at_every_length(minilm):
    for encoding in texts(minilm):
        table = api_verify(minilm, encoding)
        assert list(table["begins"]) == ["x"] * 6
        assert table["weights"].max() <= 1e-5 and table["output"].max() <= 1e-4
    assert len(encoding) == 512


def test_verify_on_smollm2_holds_at_every_length(smollm2):
    *short, longest = texts(smollm2)
    for encoding in short:
        table = api_verify(smollm2, encoding)
        assert len(table) == 30 and set(table["begins"]) == {"x"}
        assert table["weights"].max() <= 1e-5 and table["output"].max() <= 1e-4
    # At 2,048 tokens the layer with the largest output alone: all 30 take half a minute (`python -m bench inside`).
    assert len(longest) == 2048
    from dashboard.analyses.inside.verify import check
    from dashboard.capture.layer_trace import watch_layers

    checks = []
    watch_layers(smollm2, longest, lambda run: checks.append(check(run)), [24])
    assert max(one.weights for one in checks) <= 1e-5 and max(one.output for one in checks) <= 1e-4
    assert checks[0].size > 100


def api_verify(model, encoding) -> pd.DataFrame:
    from dashboard import verify

    return verify(model, encoding)


def test_the_command_prints_a_row_a_layer_and_writes_it(capsys, tmp_path):
    out = tmp_path / "verify.csv"
    assert main(["verify", TEXT, "--out", str(out)]) == 0
    said = capsys.readouterr().out.strip().splitlines()
    assert len(said) == 7 and said[0].split()[0] == "layer"
    table = pd.read_csv(out)
    assert list(table.columns) == ["layer", "begins", "weights", "output", "size"]
    assert list(table["layer"]) == list(range(6)) and table["weights"].max() < 1e-5
    assert main(["verify", TEXT, "--out", str(tmp_path / "verify.parquet")]) == 0
    assert len(pd.read_parquet(tmp_path / "verify.parquet")) == 6


def test_the_command_says_with_1_that_something_differs(monkeypatch, capsys):
    from dashboard.analyses.inside import verify

    monkeypatch.setattr(verify, "multi_head", lambda x, layer, mask: broken(x, layer, mask))
    assert main(["verify", TEXT]) == 1
    assert capsys.readouterr().out.count("\n") == 7


def broken(x, layer, mask):
    from dataclasses import replace

    from dashboard.builtin.attention import multi_head

    return multi_head(x, replace(layer, scale=0.18), mask)


@pytest.mark.parametrize(
    "arguments", [["verify", ""], ["verify", TEXT, "--model", "no-such"], ["verify", TEXT, "--out", "a.png"]]
)
def test_the_command_refuses_with_a_sentence(arguments, capsys):
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1


def test_provenance_says_where_a_table_comes_from(minilm, tmp_path):
    table = api_verify(minilm, minilm.encode(TEXT))
    path = save(table, tmp_path / "verify.parquet")
    assert path.exists() and table.attrs["provenance"]["model"] == "minilm"
