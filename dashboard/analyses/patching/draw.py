"""Draw what heads carry over. For the page and a notebook.

save(draw_patch(patch(model, a, b)), "patch.svg")                                    # all heads
save(draw_patch(patch(model, a, b, heads=["L26H0"], position="each")), "tokens.svg")  # one head, token by token
save(draw_patch(patch(model, a, b, position="each")), "all.svg")                      # all heads, token by token
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Literal

import pandas as pd

from dashboard.analyses.patching.api import EACH, Patched, Path, provenance_of_patch
from dashboard.analyses.patching.bars_chart import Bar, bars_chart
from dashboard.analyses.patching.set_api import PatchedSet
from dashboard.analyses.patching.sets import set_named
from dashboard.analyses.patching.text import patch_finding, path_finding, set_finding, tokens_finding
from dashboard.analyses.patching.tokens_chart import TOKENS, largest, tokens_chart
from dashboard.charts.drawing import Drawing
from dashboard.charts.head_grid_values import head_grid
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, given
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId, heads_of

SIGNS = "green: towards the first text’s answer · purple: away from it"
TITLES = {"recovered": "Recovered", "specific": "Recovered, minus the same-answer control"}


def draw_patch(
    found: Patched,
    *,
    theme: Theme = "light",
    width: float | None = None,
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw what each head recovers, in one grid; of a `patch` with position "each" the heads with most at each token,
    or, of one head, its tokens as bars.

    selected, tray, epoch, names: as in `draw_atlas`.
    """
    look, selection = Look(theme, width), Selection(selected, tuple(tray), epoch, names)
    table = found.table.dropna(subset=["head"]).astype({"head": int}).reset_index(drop=True)
    if found.position == EACH:
        return _tokens(found, table, look, selection).made_of(_made(found, "draw_patch", look))
    table["recovered"] *= 100
    where = "at all tokens" if found.position == "all" else f"at “{found.position}”"
    chart = head_grid(
        table,
        "recovered",
        look,
        title=f"What each head carries over · {found.model}",
        unit="% recovered",
        subtitle=[f"its output {where} taken from “{found.text}” into “{found.other}”", SIGNS],
        description=patch_finding(found),
        selection=selection,
    )
    return chart.made_of(_made(found, "draw_patch", look))


def draw_patch_path(found: Path, *, theme: Theme = "light", width: float | None = None) -> Drawing:
    """Draw what one head gives to another, by its queries, keys and values, as bars."""
    look = Look(theme, width)
    named = {"all": "all three"}
    bars = [
        Bar(named.get(str(into), str(into)), value, begins=into == "all", strong=into == "all")
        for into, value in zip(found.table["into"], found.table["recovered"], strict=True)
    ]
    chart = bars_chart(
        bars,
        look,
        title=f"From {found.sender} to {found.receiver}",
        subtitle=[f"recovered through {found.receiver} alone, all else as in the second text"],
        description=path_finding(found),
    )
    return chart.made_of(_made(found, "draw_patch_path", look))


def draw_patch_set(
    found: PatchedSet,
    figure: Literal["recovered", "specific"] = "recovered",
    *,
    theme: Theme = "light",
    width: float | None = None,
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw the mean of each head over a set of pairs, in one grid.

    figure: "recovered", or "specific", less the same-answer control; selected, tray, epoch, names: as in `draw_atlas`.
    Raises UserError for another figure.
    """
    if figure not in TITLES:
        raise UserError(f"There is no figure “{figure}” of a set. Choose recovered or specific.")
    look, title = Look(theme, width), found.provenance.title
    ends = [name for name in (figure, f"{figure}_low", f"{figure}_high") if found.table[name].notna().any()]
    table = found.table[["layer", "head"]].assign(**{name: 100 * found.table[name] for name in ends})
    many = counted(len(found.pairs) if figure == "recovered" else found.result.controlled, "pairs")
    chart = head_grid(
        table if figure in table else table.assign(**{figure: float("nan")}),
        figure,
        look,
        title=f"{TITLES[figure]} · {title}",
        unit="% recovered",
        subtitle=[f"“{set_named(found.result.name).title}”, mean over {many}", SIGNS],
        description=set_finding(found, title),
        selection=Selection(selected, tuple(tray), epoch, names),
    )
    more = () if figure == "recovered" else (figure,)
    return chart.made_of(_made(found, "draw_patch_set", look, *more))


def _tokens(found: Patched, table: pd.DataFrame, look: Look, selection: Selection) -> Drawing:
    """Token by token: one head as bars, several as a shaded table."""
    if not len(table):
        raise UserError("Tokens are drawn for heads. Name one at least, like heads=['L2H9'].")
    heads = heads_of(table.drop_duplicates(["layer", "head"]))
    if len(heads) == 1:
        shown = table if len(table) <= TOKENS else table.iloc[largest(table[["recovered"]].to_numpy(), 1, TOKENS)]
        bars = [Bar(token, value, token=True) for token, value in zip(shown["token"], shown["recovered"], strict=True)]
        some = f" · the {TOKENS} of {len(table):,} with most" if len(shown) < len(table) else ""
        return bars_chart(
            bars,
            look,
            title=f"{heads[0]}, token by token",
            subtitle=[f"recovered with its output at this token alone{some}"],
            description=tokens_finding(found),
        )
    tokens = table.drop_duplicates("position").sort_values("position")["token"].tolist()
    return tokens_chart(
        table,
        tokens,
        look,
        title=f"Which head at which token · {found.model}",
        subtitle=[f"its output at one token taken from “{found.text}” into “{found.other}”", SIGNS],
        description=patch_finding(found),
        selection=selection,
    )


def _made(found: Patched | Path | PatchedSet, verb: str, look: Look, *more: str) -> Provenance:
    """The provenance of a drawing."""
    origin = found.provenance if isinstance(found, PatchedSet) else provenance_of_patch(found)
    shown = given(**look.keywords())
    call = Call(verb, (found.call, *more), shown, makes="figure")
    return replace(origin, options=origin.options | shown, call=call)
