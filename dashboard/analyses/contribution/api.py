"""What reaches a word, beside where it looks: contributions of a head, and attention rolled out over the layers.

views = contributions(model, text, ["L2H0", "L2H9"], unit="words")
save(draw(views[0], "lines"), "L2H0.svg")          save(draw(rollout(model, text, (0, 3)), "heatmap"), "rollout.pdf")
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.analyses.contribution.norms import contribution_views
from dashboard.analyses.contribution.rollout import rollout_view
from dashboard.capture import AttentionModel
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import Between, HeadView, existing_head, links_between
from dashboard.text import Encoding, Special, Unit


def contributions(
    model: AttentionModel,
    text: str | Encoding,
    heads: Iterable[str | HeadId],
    *,
    unit: Unit = "tokens",
    special: Special = "show",
    bos: bool = True,
    limit: int | None = None,
    full: float = 0.0,
    pair: str | None = None,
    between: Between | None = None,
    as_words: bool = False,
) -> list[HeadView]:
    """What some heads really carry from one position to another (METRICS §6), in one forward pass.

    contribution[i, j] = ‖A[i, j] · (v_j W_O)‖₂ by the head's slice of the output projection: a key that gets much
    attention but has little to say contributes little. Parameters as in `attentions`; heads of one call share `full`,
    the number that is full ink: a round one, at least the largest norm and the one given. Rows sum to nothing in
    particular; `special="hide"` leaves them as they are.

    Returns
    -------
    views with `measure` "contribution" and `weights` the norms, float32 (m, m), from 0; every picture draws them.

    Raises
    ------
    UserError: empty text, no such head, a model whose values or output projection cannot be told apart.
    """
    wanted = [existing_head(model, head) for head in heads]
    how = {"bos": bos, "limit": limit, "pair": pair, "as_words": as_words}
    encoding = text if isinstance(text, Encoding) else model.encode(text, **how)
    views = contribution_views(model, encoding, wanted, unit=unit, special=special, full=full)
    return links_between(views, between)


def rollout(
    model: AttentionModel,
    text: str | Encoding,
    layers: tuple[int, int] | None = None,
    *,
    special: Special = "show",
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    between: Between | None = None,
) -> HeadView:
    """From which tokens a token's vector may come, through all layers of a range at once (METRICS §6).

    R = Â_last · … · Â_first with Â = ½ · mean over heads of A + ½ · I. layers: the first and the last, both included,
    from 0 (None: all). It takes every head for equal and nothing but attention into account. special: "hide" leaves
    special tokens out of R when it is made, and divides each row by what is left; the product is of all tokens.

    Returns
    -------
    a view of tokens with `measure` "rollout"; row i says where token i comes from and sums to 1.

    Raises
    ------
    UserError: empty text, no such layers.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    view = rollout_view(model, encoding, layers, special=special)
    return links_between([view], between)[0]
