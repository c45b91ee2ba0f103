"""Attention weights that a person brings: checked, drawn like any head, saved and opened again."""

import numpy as np
import pytest

from dashboard import UserError, attention, draw, open_model, save, view_of
from dashboard.capture import visit
from dashboard.capture.attention_call import BLOCK_CELLS
from dashboard.heads.links import links
from tests.helpers.views import attention as random_rows

TOKENS = ["<s>", "The", "Ġchef", "Ġlikes", "Ġra", "men"]
SPECIAL = [True, False, False, False, False, False]


def maps(layers=2, heads=3, n=6, causal=True):
    return np.array([[random_rows(n, 10 * i + k, causal) for k in range(heads)] for i in range(layers)])


@pytest.fixture
def file(tmp_path):
    """Writes a file of weights of one's own."""

    def write(name="own.npz", save=np.savez, **arrays):
        save(tmp_path / name, **{"weights": maps(), "tokens": TOKENS, "special": SPECIAL} | arrays)
        return str(tmp_path / name)

    return write


def test_a_view_holds_what_was_given():
    given = maps()
    view = view_of(given, TOKENS, "L1H2", is_special=SPECIAL)
    assert np.array_equal(view.weights, given[1, 2]) and view.causal and str(view.head) == "L1H2"
    assert np.array_equal(view_of(given[1, 2], TOKENS).weights, given[1, 2])
    assert np.array_equal(view_of(given[1], TOKENS, "L0H2").weights, given[1, 2])
    table = links(view)
    assert np.array_equal(table["weight"], given[1, 2][np.tril_indices(6)])
    assert not view_of(maps(causal=False), TOKENS).causal
    words = view_of(given, TOKENS, "L1H2", is_special=SPECIAL, unit="words", special="hide")
    by_hand = given[1, 2].copy()
    by_hand[:, 4] += by_hand[:, 5]  # to “ramen”: the sum
    by_hand[4] = (by_hand[4] + by_hand[5]) / 2  # from it: the mean
    by_hand = by_hand[1:5, 1:5] / by_hand[1:5, 1:5].sum(1, keepdims=True)
    assert words.labels == ("The", "chef", "likes", "ramen")
    assert np.allclose(words.weights, by_hand, atol=1e-6)


@pytest.mark.parametrize("view", ["heatmap", "lines", "arcs", "reading"])
def test_every_view_draws_it(view, tmp_path):
    save(draw(view_of(maps(), TOKENS, "L0H1", is_special=SPECIAL), view), tmp_path / "own.svg")
    assert "Your own weights" in (tmp_path / "own.svg").read_text()


def test_cross_attention_has_the_tokens_of_two_texts():
    given = random_rows(6)[:2]
    view = view_of(given, ["the", "house"], keys=TOKENS, keys_special=SPECIAL)
    assert np.array_equal(view.weights, given) and not view.one_axis and not view.causal
    assert view.queries.labels == ("the", "house") and view.keys.labels[2] == "·chef"
    assert len(draw(view, "lines").to_dict()) > 0


CASES = {
    "an integer": lambda: view_of(np.eye(2, dtype=int), "ab"),
    "a batch": lambda: view_of(np.zeros((1, 2, 3, 4, 4)), "abcd"),
    "no row": lambda: view_of(np.zeros((2, 0)), ""),
    "a negative one": lambda: view_of(np.array([[1.0, 0], [-0.5, 1.5]]), "ab"),
    "nan": lambda: view_of(np.array([[1.0, 0], [np.nan, 1]]), "ab"),
    "scores": lambda: view_of(np.array([[1.0, 0], [3, 4]]), "ab"),
    "columns": lambda: view_of(maps(1, 1).swapaxes(2, 3), TOKENS),
    "tokens": lambda: view_of(maps(), TOKENS[:4]),
    "no such head": lambda: view_of(maps(), TOKENS, "L2H0"),
    "marks": lambda: view_of(maps(), TOKENS, is_special=SPECIAL[:2]),
    "not causal": lambda: view_of(maps(causal=False), TOKENS, causal=True),
    "hidden": lambda: view_of(np.eye(2), "ab", is_special=[True, True], special="hide"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_attention_is_refused_with_what_to_do(case, refuses):
    with refuses(UserError):
        CASES[case]()


@pytest.mark.parametrize(
    ("tokens", "text", "words"),
    [
        (TOKENS, "The chef likes ramen", ["The", "chef", "likes", "ramen"]),
        (["[CLS]", "the", "chef", "likes", "ram", "##en"], "the chef likes ramen", ["the", "chef", "likes", "ramen"]),
        (["<s>", "▁The", "▁chef", "▁likes", "▁ra", "men"], "The chef likes ramen", ["The", "chef", "likes", "ramen"]),
        (["<s>", "The", " chef", " likes", " ra", "men"], "The chef likes ramen", ["The", "chef", "likes", "ramen"]),
        (["<s>", "The", "chef", "doesn't", "like", "ra-men"], "The chef doesn't like ra-men", None),
    ],
)
def test_the_text_is_what_the_tokens_spell(file, tokens, text, words):
    own = open_model(file(tokens=tokens)).own_text
    assert own.text == text and own.pieces == tuple(tokens)
    assert [word.form for word in own.words] == (words or tokens[1:])
    assert own.special == tuple(SPECIAL) and own.spans[0] == (0, 0)


def test_a_file_is_read_as_a_model_of_its_own_text(file):
    model = open_model(file())
    assert (model.layers, model.heads, model.limit, model.causal) == (2, 3, 6, True)
    for text in (model.own_text, model.own_text.text):
        assert np.array_equal(attention(model, text, "L1H2").weights, maps()[1, 2])
    single = open_model(file("one.npz", weights=maps()[0, 1]))
    assert (single.layers, single.heads) == (1, 1)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_an_uncompressed_array_stays_in_the_file_and_a_compressed_one_is_read(file, kind):
    given = np.asfortranarray(maps().astype(kind))
    mapped, read = (
        open_model(file("a.npz", weights=given)),
        open_model(file("b.npz", np.savez_compressed, weights=given)),
    )
    assert isinstance(mapped.maps, np.memmap) and not isinstance(read.maps, np.memmap)
    assert np.array_equal(mapped.maps, given) and np.array_equal(read.maps, given)


def test_blocks_are_as_small_as_a_model_s(file):
    n, seen = 256, []

    class Sees:
        def block(self, block):
            seen.append(block.weights.shape)

    weights = np.broadcast_to(np.eye(n, dtype=np.float32), (1, 32, n, n))
    model = open_model(file(weights=weights, tokens=[str(k) for k in range(n)], special=[False] * n))
    visit(model, model.own_text, Sees())
    assert len(seen) > 1 and max(np.prod(shape) for shape in seen) <= BLOCK_CELLS
    assert sum(rows for _, rows, _ in seen) == n


@pytest.mark.parametrize("unit", ["tokens", "words"])
@pytest.mark.parametrize("special", ["show", "hide"])
def test_what_is_exported_opens_again(file, tmp_path, unit, special):
    model = open_model(file())
    view = attention(model, model.own_text, "L1H2", unit=unit, special=special)
    save(view, tmp_path / "out.npz")
    again = open_model(str(tmp_path / "out.npz"))
    back = attention(again, again.own_text, "L0H0")
    assert np.array_equal(back.weights, view.weights)
    assert (back.labels, back.special, back.spans, back.text) == (view.labels, view.special, view.spans, view.text)
    assert "L1H2 of own.npz" in again.note


BROKEN = {
    "no zip": lambda path, arrays: path.write_bytes(b"weights"),
    "no weights": lambda path, arrays: np.savez(path, attention=arrays["weights"], tokens=TOKENS),
    "no tokens": lambda path, arrays: np.savez(path, weights=arrays["weights"]),
    "pickled": lambda path, arrays: np.savez(path, **arrays | {"tokens": np.array(TOKENS, object)}),
    "too few tokens": lambda path, arrays: np.savez(path, **arrays | {"tokens": TOKENS[:3]}),
    "tokens as numbers": lambda path, arrays: np.savez(path, **arrays | {"tokens": [1, 2, 3, 4, 5, 6]}),
    "special as words": lambda path, arrays: np.savez(path, **arrays | {"special": ["no"] * 6}),
    "cross attention": lambda path, arrays: np.savez(path, **arrays | {"key_tokens": TOKENS}),
    "cut off": lambda path, arrays: (np.savez(path, **arrays), path.write_bytes(path.read_bytes()[:-300])),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_file_that_is_something_else_is_refused_with_what_to_do(case, tmp_path, refuses):
    path = tmp_path / "own.npz"
    BROKEN[case](path, {"weights": maps(), "tokens": TOKENS, "special": SPECIAL})
    with refuses(UserError, path.name if case != "special as words" else "special"):
        open_model(str(path))
