"""Several heads as one view, against the views of the heads one by one."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from dashboard import UserError, attention_together, draw, open_model, save
from dashboard.analyses.explore import api
from dashboard.analyses.explore.text import finding, lost
from dashboard.analyses.explore.together import Together
from dashboard.capture import visit
from dashboard.heads.links import links
from dashboard.heads.pooling import Pooling, hide_special, to_axis
from tests.helpers.sentences import numbers, wording
from tests.helpers.views import attention as random_rows

TOKENS = ["<s>", "un", "##char", "##acter", "##istically", "the", "ra", "##men", "stew", "</s>"]
SPECIAL = [True, *[False] * 8, True]
TAKEN = {"mean": np.mean, "sum": np.sum, "max": np.max}


def opened(folder, causal):
    """Weights of 2 × 3 heads over words of several tokens."""
    maps = [[random_rows(len(TOKENS), 9 * i + k, causal) for k in range(3)] for i in range(2)]
    np.savez(folder / "own.npz", weights=np.array(maps), tokens=TOKENS, special=SPECIAL)
    return open_model(str(folder / "own.npz"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return opened(tmp_path_factory.mktemp("together"), False)


@pytest.fixture(scope="module", params=[False, True], ids=["both ways", "causal"])
def either(request, tmp_path_factory):
    return opened(tmp_path_factory.mktemp("together"), request.param)


def one_by_one(model, heads, **how):
    """The weights of the heads' own views (heads, m, m), and which rows count."""
    views = api.attentions(model, model.own_text, heads, **how)
    return np.array([view.weights for view in views]).astype(float), views[0].counted


@pytest.mark.parametrize("how", TAKEN)
@pytest.mark.parametrize("heads", ["L0H1,L1H2", "layer:1", "all"])
@pytest.mark.parametrize("unit", ["tokens", "words"])
@pytest.mark.parametrize("special", ["show", "hide"])
def test_each_cell_is_taken_of_the_cells_of_the_heads(either, how, heads, unit, special):
    view = attention_together(either, either.own_text, heads, how, unit=unit, special=special)
    each, counted = one_by_one(either, view.head.heads, unit=unit, special=special)
    assert np.allclose(view.weights, TAKEN[how](each, axis=0), atol=1e-6)
    mean = each.mean(0)
    by_scipy = entropy(mean[counted], base=2, axis=1) - entropy(each[:, counted], base=2, axis=2).mean(0)
    assert math.isclose(view.head.divergence, by_scipy.mean(), abs_tol=1e-5)
    if len(each) == 2:
        rows = [jensenshannon(a, b, base=2) ** 2 for a, b in zip(*each[:, counted], strict=True)]
        assert math.isclose(view.head.divergence, np.mean(rows), abs_tol=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
@pytest.mark.parametrize("unit", ["tokens", "words"])
def test_a_word_may_begin_in_one_block_and_end_in_another(either, rows, unit):
    axis = either.own_text.axis(unit)
    places = [place for place, special in enumerate(axis.special) if not special]
    found = Together(Pooling.of(axis), Pooling.of(axis), places, places, "hide", most=True)
    visit(either, either.own_text, found, rows=rows)
    whole = hide_special(to_axis(either.maps.reshape(6, 10, 10), axis), axis.special)
    assert np.allclose(found.total, whole.sum(0), atol=1e-6)
    assert np.allclose(found.largest, whole.max(0), atol=1e-6)


@pytest.mark.parametrize(("alike", "divergence"), [(True, 0), (False, math.log2(3))])
def test_heads_that_are_the_same_lose_nothing_and_heads_apart_lose_most(tmp_path, alike, divergence):
    maps = np.zeros((1, 3, 6, 6), np.float32)
    for head in range(3):
        maps[0, head, :, 0 if alike else head] = 1
    np.savez(tmp_path / "own.npz", weights=maps, tokens=list("abcdef"))
    model = open_model(str(tmp_path / "own.npz"))
    group = attention_together(model, model.own_text, "all").head
    assert math.isclose(group.divergence, divergence, abs_tol=1e-6) and group.most == math.log2(3)


def test_what_goes_to_a_sink_is_one_key_more(tmp_path):
    """Half of one head's attention goes to a learned sink: no row of the map sums to 1."""
    maps = np.stack([np.full((4, 4), 1 / 4), np.full((4, 4), 1 / 8)]).astype(np.float32)
    np.savez(tmp_path / "own.npz", weights=maps, tokens=list("abcd"))
    model = open_model(str(tmp_path / "own.npz"))
    by_hand = jensenshannon([0.25] * 4 + [0], [0.125] * 4 + [0.5], base=2) ** 2
    assert math.isclose(attention_together(model, model.own_text).head.divergence, by_hand, abs_tol=1e-6)


@pytest.mark.parametrize(("how", "name"), [("mean", "mean"), ("sum", "summed"), ("max", "largest")])
def test_files_say_what_the_numbers_are(model, tmp_path, how, name):
    view = attention_together(model, model.own_text, "layer:1", how)
    assert f"{name}_weight" in links(view) and "weight" not in links(view)
    save(view, tmp_path / "own.npz")
    with np.load(tmp_path / "own.npz") as stored:
        assert f"{name}_weights" in stored and "weights" not in stored
        assert "layer:1" in str(stored["provenance"])
    assert np.allclose(view.weights.sum(1).max(), {"mean": 1, "sum": 3}.get(how, view.weights.sum(1).max()))
    assert view.full == (3 if how == "sum" else 1)


@pytest.mark.parametrize("how", TAKEN)
def test_sentences_say_what_is_drawn_and_what_is_lost(model, how, snapshot):
    view = attention_together(model, model.own_text, "layer:1", how, unit="words")
    said = lost(view)
    assert numbers(said)[0] == 3 and any(abs(n - view.head.divergence) < 0.001 for n in numbers(said))
    assert [wording(finding(view)), wording(said)] == snapshot
    assert lost(api.attention(model, model.own_text, "L0H0")) == ""
    for name in ("heatmap", "lines", "arcs", "reading"):
        drawn = draw(view, name).to_dict()
        assert finding(view) in drawn["description"] and said in drawn["description"]


def test_a_sum_and_a_mean_have_no_scale_in_common(model, refuses):
    views = [attention_together(model, model.own_text, "all", how) for how in ("mean", "sum")]
    with refuses(UserError):
        draw(views, "difference")


REFUSED = {
    "way": ("all", "median"),
    "one": ("L0H1", "mean"),
    "twice the same": (["L0H1", "L0H1"], "mean"),
    "none": ("", "mean"),
    "layer": ("layer:2", "mean"),
    "head": ("L0H1,L0H3", "mean"),
    "parts": ("L0H1,D0H1", "mean"),
    "name": ("layers", "mean"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_taken_together_is_refused(model, case, refuses):
    heads, how = REFUSED[case]
    with refuses(UserError):
        attention_together(model, model.own_text, heads, how)
