"""The widget on MiniLM: what Python sets and reads, what is sent, and what is refused."""

import sys

import numpy as np
import pytest

from dashboard import HeadId, UserError, attention, attention_together, draw, explore
from dashboard.analyses.explore.text import lost
from dashboard.analyses.profile.library import profiles_of, read_profile
from dashboard.analyses.profile.names import clearest
from dashboard.analyses.scores.scores import SCORES
from dashboard.heads.view import HeadView
from tests.helpers.clock import cpu_seconds
from tests.helpers.notebook import Kernel
from tests.helpers.sentences import numbers, plain

TEXT = "The chef who trained in Osaka says ramen is her favourite food."
LONG = " ".join(["The", "chef", "says", "ramen", "is", "good"] * 11)[:-5]  # 65 words


@pytest.fixture
def kernel(monkeypatch):
    return Kernel(monkeypatch)


@pytest.fixture
def widget(kernel, minilm):
    return explore(minilm, TEXT, "L2H9")


def weights_of(shown):
    n = len(shown["words"])
    return np.frombuffer(shown["weights"], "<u2").reshape(n, n) / 65535


def test_the_name_is_a_function_and_no_module(minilm):
    import dashboard
    import dashboard.analyses.explore.api
    import dashboard.commands.explore

    assert dashboard.explore is explore and callable(explore)
    assert dashboard.analyses.explore.api.draw is draw


def test_what_is_shown_is_the_attention_of_the_chosen_head(widget, minilm):
    for head, unit, special in (("L2H9", "words", "show"), ("L5H3", "tokens", "show"), ("L0H0", "words", "hide")):
        widget.chosen, widget.unit, widget.special = head, unit, special
        expected = attention(minilm, TEXT, head, unit=unit, special=special)
        assert isinstance(widget.view, HeadView) and widget.head == HeadId.parse(head)
        np.testing.assert_array_equal(widget.view.weights, expected.weights)
        shown = widget._shown
        assert (shown["head"], shown["words"]) == (head, list(expected.drawn))
        np.testing.assert_allclose(weights_of(shown), expected.weights, atol=1e-5)
    assert plain(repr(widget)).startswith("Explorer at L0H0, MiniLM. ")


@pytest.mark.parametrize("how", ["mean", "sum", "max"])
@pytest.mark.parametrize(
    ("together", "heads", "title"),
    [
        ("layer", "layer:2", "of layer 2"),
        (["L2H0", HeadId(3, 1)], "L2H0,L3H1", "of L2H0, L3H1"),
        ("ALL", "all", "of all heads"),
    ],
)
def test_several_heads_are_drawn_as_one(kernel, minilm, together, heads, title, how):
    widget = explore(minilm, TEXT, "L2H9", together=together, how=how)
    expected = attention_together(minilm, TEXT, heads, how, unit="words")
    np.testing.assert_array_equal(widget.view.weights, expected.weights)
    assert widget.view.head == expected.head and widget.together in (heads, "layer")
    shown = widget._shown
    full = len(expected.head.heads) if how == "sum" else 1
    np.testing.assert_allclose(weights_of(shown) * full, expected.weights, atol=1e-5 * full)
    assert shown["head"].endswith(title) and shown["lost"] == lost(expected) != ""
    assert any(n == pytest.approx(expected.head.divergence, abs=0.001) for n in numbers(plain(shown["lost"])))
    widget.together = "head"
    assert widget._shown["head"] == "L2H9" and widget._shown["lost"] == ""


def test_the_layer_is_that_of_the_chosen_head_and_each_question_has_an_answer(kernel, minilm):
    """Another head of the layer on show has the same picture, and still the browser waits for an answer."""
    widget = explore(minilm, TEXT, "L2H9", together="layer")
    kernel.take()
    for head, layer in (("L2H3", 2), ("L4H3", 4)):
        kernel.receive({"method": "update", "state": {"chosen": head}, "buffer_paths": []})
        assert [1 for _, data, _ in kernel.take() if "_shown" in data.get("state", {})] == [1]
        assert {head.layer for head in widget.view.head.heads} == {layer}


def test_of_two_changes_at_once_the_picture_is_computed_once(kernel, minilm, monkeypatch):
    widget, seen = explore(minilm, TEXT, "L2H9", together="all"), []
    monkeypatch.setattr(
        "dashboard.notebook.widget.attention", lambda *args, **keys: seen.append(1) or attention(*args, **keys)
    )
    kernel.receive({"method": "update", "state": {"chosen": "L4H7", "together": "head"}, "buffer_paths": []})
    assert (seen, widget._shown["head"]) == ([1], "L4H7")


def test_it_opens_on_the_clearest_head_of_the_profile(kernel, minilm):
    profile = read_profile(profiles_of(minilm)[0].folder)
    assert explore(minilm, TEXT).head == clearest(profile) != HeadId(0, 0)


def test_a_head_is_named_in_any_spelling(widget):
    widget.chosen = HeadId(3, 1)
    assert widget.chosen == "L3H1" == widget._shown["head"]
    widget.chosen = " l4h2"
    assert widget.chosen == "L4H2"


def test_all_heads_are_sent_in_small_with_their_scores_and_names(widget, minilm):
    about = widget._about
    n = len(minilm.encode(TEXT))
    assert (about["layers"], about["heads"], about["size"]) == (list(range(6)), 12, n)
    maps = np.frombuffer(about["maps"], np.uint8).reshape(6, 12, n, n)
    weights = attention(minilm, TEXT, "L2H9", unit="tokens").weights
    np.testing.assert_allclose((maps[2, 9] / 255) ** 2, weights, atol=0.005)
    assert [score["name"] for score in about["scores"]] == list(SCORES)
    assert {len(score["values"]) for score in about["scores"]} == {72}
    assert about["names"]["L2H0"][1] == "syntax" and "unnamed" not in str(about["names"].values())


def test_the_browsers_choice_moves_python_and_only_that_head_is_sent(kernel, widget):
    kernel.take()
    kernel.receive({"method": "update", "state": {"chosen": "L4H7"}, "buffer_paths": []})
    assert widget.chosen == "L4H7" == str(widget.view.head)
    sent = [(method, data, buffers) for method, data, buffers in kernel.take() if "_shown" in data.get("state", {})]
    [(method, data, [weights])] = sent
    assert method == "update" and data["buffer_paths"] == [["_shown", "weights"]]
    assert len(weights) == 2 * len(widget.view) ** 2


def test_what_is_sent_stays_small(kernel, minilm):
    """At the longest text the first message has a few hundred kilobytes for all heads, and a click half a megabyte."""
    long = minilm.encode("food " * 600)
    assert len(long) == 512
    widget = explore(minilm, long, unit="tokens")
    code = len(widget._esm) + len(widget._css)
    assert code < 60_000
    first = kernel.bytes_sent() - code
    one = 2 * 512 * 512
    assert one < first < one + 200_000 < 72 * 512 * 512
    widget.chosen = "L5H11"
    assert kernel.bytes_sent() < one + 40_000


def test_the_typefaces_are_sent_when_they_are_asked_for(kernel, widget):
    assert all(one[:4] != b"wOF2" for _, _, buffers in kernel.take() for one in buffers)
    kernel.receive({"method": "custom", "content": {"wants": "faces"}})
    [(method, data, buffers)] = kernel.take()
    assert method == "custom" and len(data["content"]["faces"]) == len(buffers) == 3
    assert {one[:4] for one in buffers} == {b"wOF2"}


def test_a_click_takes_a_fraction_of_a_second_at_64_words(kernel, minilm):
    widget = explore(minilm, LONG)
    assert len(widget.view) >= 64
    heads = iter(["L5H1", "L5H2", "L5H3", "L5H4", "L5H5"])
    click = {"method": "update", "buffer_paths": []}
    assert cpu_seconds(lambda: kernel.receive(click | {"state": {"chosen": next(heads)}}), 5) < 0.3


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("chosen", "L9H9", "has no head L9H9"),
        ("chosen", "nine", "“nine” is not a head"),
        ("together", "L2H9", "L2H9"),
        ("together", "L2H9,L9H9", "L9H9"),
        ("together", "layer:9", "9"),
        ("together", 5, "“5”"),
        ("how", "median", "“median”"),
        ("picture", "bars", "“bars”"),
        ("atlas", "beauty", "“beauty”"),
        ("unit", "letters", "“letters”"),
        ("theme", "pink", "“pink”"),
    ],
)
def test_what_is_not_there_is_refused_and_nothing_moves(widget, name, value, fact, refuses):
    before = getattr(widget, name), widget._shown
    with refuses(UserError, fact):
        setattr(widget, name, value)
    assert (getattr(widget, name), widget._shown) == before


def test_an_unknown_head_is_refused_as_everywhere(minilm):
    with pytest.raises(UserError) as here:
        explore(minilm, TEXT, "L9H9")
    with pytest.raises(UserError) as there:
        attention(minilm, TEXT, "L9H9")
    assert str(here.value) == str(there.value)


def test_a_text_that_is_too_long_or_empty_is_refused(minilm, smollm2, refuses):
    with refuses(UserError, "513", "512", "limit=512"):
        explore(smollm2, smollm2.encode("food " * 600, limit=513))
    with pytest.raises(UserError):
        explore(minilm, " ")
    assert len(explore(smollm2, "food " * 600, limit=20).view) <= 20


def test_where_nothing_is_left_the_widget_says_so(kernel, minilm, monkeypatch):
    widget = explore(minilm, TEXT, "L0H0")

    def nothing(*args, **keys):
        raise UserError("Nothing is left.")

    monkeypatch.setattr("dashboard.notebook.widget.attention", nothing)
    widget.special = "hide"
    assert {"head": "L0H0", "error": "Nothing is left."}.items() <= widget._shown.items()
    assert "weights" not in widget._shown
    assert "Nothing is left." in repr(widget)


def test_without_anywidget_a_sentence_says_what_to_install(minilm, monkeypatch, refuses):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "dashboard.notebook.widget", raising=False)
    with refuses(UserError, "pip install anywidget"):
        explore(minilm, TEXT)
    monkeypatch.setattr("dashboard.notebook.api.INSTALLED", True)
    with refuses(UserError, 'pip install "two-heads[notebook]"'):
        explore(minilm, TEXT)


def test_the_code_loads_nothing_from_elsewhere(widget):
    code = widget._esm + widget._css
    addresses = code.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in addresses and "//cdn" not in addresses and "@import" not in code
    assert "innerHTML" not in code and "import(" not in code and "\nimport " not in code
