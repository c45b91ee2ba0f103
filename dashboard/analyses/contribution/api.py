"""Contributions of a head (value-weighted norms), and attention rollout over the layers.

views = contributions(model, text, ["L2H0", "L2H9"], unit="words")
save(draw(views[0], "lines"), "L2H0.svg")          save(draw(rollout(model, text, (0, 3)), "heatmap"), "rollout.pdf")
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.analyses.contribution.norms import contribution_views
from dashboard.analyses.contribution.rollout import rollout_view
from dashboard.capture import AttentionModel, read_part
from dashboard.heads.head_id import HeadId, part_of
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
    target: str | None = None,
) -> list[HeadView]:
    """What some heads carry from one position to another: value-weighted norms (METRICS §6), in one forward pass.

    contribution[i, j] = ‖A[i, j] · (v_j W_O)‖₂ with the head's slice of the output projection: a key with much
    attention but a small value contributes little. Parameters as in `attentions`. The heads of one call share `full`,
    the number drawn as full ink: a round number, at least the largest norm and at least the one given. Rows have no
    fixed sum; `special="hide"` does not rescale them.

    Returns
    -------
    views with `measure` "contribution" whose `weights` are the norms, float32 (m, m), from 0; every picture draws them.

    Raises
    ------
    UserError: empty text, no such head, a model whose values or output projection cannot be identified.
    """
    wanted = [HeadId.of(head) for head in heads]
    of = part_of(
        wanted, "The contributions of heads of several parts have no common scale. Ask for one part at a time."
    )
    how = {"bos": bos, "limit": limit, "pair": pair, "as_words": as_words}
    part, encoding = read_part(model, text, of, target, **how)
    wanted = [existing_head(part, head) for head in wanted]
    views = contribution_views(part, encoding, wanted, unit=unit, special=special, full=full)
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
    """Attention rollout: how much of each token's vector comes from each token, through a range of layers (METRICS §6).

    R = Â_last · … · Â_first with Â = ½ · mean over heads of A + ½ · I. Of a decoder from `of_part`, whose text is the
    target, R has the source's tokens and then the target's as columns, and in each layer
    R' = ½ · S · R + ½ · R, then R = ½ · C · [E | 0] + ½ · R', with the mean over heads of self attention S and of cross
    attention C, and the rollout E of the encoder through all of its layers.

    layers: the first and the last, both included, from 0 (None: all). It treats all heads as equal and considers
    attention only. special: "hide" leaves special tokens out of the finished R, and renormalises each row; the product
    is over all tokens.

    Returns
    -------
    a view of tokens with `measure` "rollout"; row i says where token i comes from and sums to 1. Of a decoder its
    columns are the tokens of the source and then of the target.

    Raises
    ------
    UserError: empty text, no such layers.
    """
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    view = rollout_view(model, encoding, layers, special=special)
    return links_between([view], between)[0]
