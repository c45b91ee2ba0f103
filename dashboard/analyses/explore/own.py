"""A view of attention weights that a person brings, from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.capture.weight_file import GivenWeights
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.heads.make_view import make_view
from dashboard.heads.view import HeadView
from dashboard.text import Special, Unit
from dashboard.text.own_tokens import encoding_of_tokens


def view_of(
    weights: Any,
    tokens: Sequence[str],
    head: str | HeadId = "L0H0",
    *,
    is_special: Sequence[bool] | None = None,
    keys: Sequence[str] | None = None,
    keys_special: Sequence[bool] | None = None,
    unit: Unit = "tokens",
    special: Special = "show",
    causal: bool | None = None,
    model: str = "Your own weights",
) -> HeadView:
    """A view of attention weights of your own: from JAX, vLLM, TensorFlow, or made by hand.

    It is drawn and saved like that of any head. A file of weights (.npz) opens with `open_model`.

    Parameters
    ----------
    weights: floats (n, n), (heads, n, n) or (layers, heads, n, n), row i being where token i looks; each row sums to 1
        at most
    tokens: the tokens (n), as their tokenizer spells or decodes them, or words
    head: which one, of weights of several heads, counted from 0
    is_special: True for special tokens (n)
    keys: of cross attention (n, m), the tokens of the other text, which are looked at (m); keys_special: of these
    unit: "tokens", or "words" (to a word: the sum over its tokens; from a word: the mean; METRICS §0)
    special: "show", or "hide" to remove special tokens and renormalise the rows
    causal: whether a token sees only itself and what stands before it; None to find it out
    model: a name for headings

    Raises
    ------
    UserError: another shape, numbers that are no shares, another number of tokens, no such head.
    """
    given = GivenWeights.of(weights, causal)
    named = HeadId.of(head)
    looks = encoding_of_tokens(tokens, is_special)
    seen = looks if keys is None else encoding_of_tokens(keys, keys_special)
    rows, columns = given.maps.shape[2:]
    if (rows, columns) != (len(looks), len(seen)):
        of = "tokens" if keys is None else f"tokens and {len(seen):,} keys"
        raise UserError(
            f"The weights are of {rows:,} × {columns:,} positions, and there are {len(looks):,} {of}. Give one token "
            "for each row, and for each column."
        )
    return make_view(
        given.head(named),
        named,
        seen,
        unit=unit,
        special=special,
        causal=given.causal and keys is None,
        model=model,
        target=None if keys is None else looks,
    )
