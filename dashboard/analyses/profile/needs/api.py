"""What part of a head does the model need? For the page, the command line and a notebook.

found = needs(model)                              # all heads, over 200 built-in sentences; stored results are reused
found.table                                       # a row per head: bits and kept of each model, with 95 % intervals
save(draw_needs(found, "position"), "needs.svg")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from dashboard.analyses.profile.needs.measure import measure
from dashboard.analyses.profile.needs.needs_chart import bits_against_kept
from dashboard.analyses.profile.needs.state import Store
from dashboard.analyses.profile.needs.table import FIGURES, bits_and_kept, measure_of, needs_table
from dashboard.analyses.profile.needs.text import correlation_said, over
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, corpus_named, given
from dashboard.export.provenance import origin
from dashboard.heads.head_id import HeadId
from dashboard.heads.rank_correlation import Correlation
from dashboard.heads.view import existing_head

__all__ = ["SENTENCES", "Needs", "draw_needs", "needs"]

SENTENCES = 200


@dataclass(frozen=True, eq=False)
class Needs:
    """What each head's models keep.

    Attributes
    ----------
    table: a row per head, see `dashboard.analyses.profile.needs.table.needs_table`
    provenance: where it comes from, with the lines of Python that make it again
    """

    table: pd.DataFrame
    provenance: Provenance
    _known: dict[str, Correlation] = field(default_factory=dict, repr=False)

    def correlation(self, figure: str) -> Correlation:
        """Spearman's ρ between the bits of a figure and what it keeps, over the heads that have both, with its 95 %
        interval (bootstrap over heads). figure: as in `draw_needs`"""
        if figure not in self._known:
            self._known[figure] = bits_and_kept(self.table, figure)
        return self._known[figure]

    @property
    def measure(self) -> str:
        """ "loss_change" (nats per token) or "shift" (1 − cosine)."""
        return measure_of(self.table)


def needs(
    model: AttentionModel,
    corpus_path: str | Path | None = None,
    heads: Iterable[str | HeadId] | None = None,
    *,
    sentences: int | None = SENTENCES,
    bos: bool = True,
    progress: Callable[[float, str], None] | None = None,
) -> Needs:
    """Replace each head's attention by its own models of position, syntax and context, and measure what is kept.

    The models are those of `dashboard.profile` (METRICS §4), fitted on one half of the corpus and put in on the other.
    A row keeps what it gives to special tokens and to its own word; the rest is spread over words by the model. With L
    the loss in nats (the shift of the last vectors where the model predicts nothing), pooled over sentences,
    kept = (L_ablated − L_replaced) / (L_ablated − L_intact): 1, the model needs no more of the head; 0, as if the head
    were ablated; any sign. kept_even, of an even spread over the same words, is the baseline.

    Parameters
    ----------
    corpus_path: a treebank (.conllu, .conllup, .conll) or English text (.txt, UTF-8); None: the built-in sentences,
        of which a stored result is used where there is one
    heads: like ``["L2H9"]``; None: all
    sentences: over how many, evenly spread; None for all
    bos: as in `dashboard.attention`
    progress: called with the fraction done and a sentence; an exception it raises stops the work

    Raises UserError for a file that cannot be read or is too short, a head that the model does not have, and a model
    whose attention code is not supported.
    """
    if corpus_path is None and heads is None and sentences is not None:
        from dashboard.analyses.profile.needs_job import MEASUREMENT, Request

        request = Request.of(model, bos, sentences)
        with suppress(UserError):
            if (there := MEASUREMENT.find(request)) is not None:
                return there
        return MEASUREMENT.measure(request, model, progress=progress)
    return measured(model, corpus_path, heads, sentences=sentences, bos=bos, progress=progress)


def measured(
    model: AttentionModel,
    corpus_path: str | Path | None,
    heads: Iterable[str | HeadId] | None,
    *,
    sentences: int | None,
    bos: bool = True,
    progress: Callable[[float, str], None] | None = None,
    store: Store | None = None,
) -> Needs:
    """As `needs`, measured now. store: what was done before"""
    path = builtin_corpus() if corpus_path is None else Path(corpus_path)
    wanted = list(model.all_heads) if heads is None else sorted({existing_head(model, head) for head in heads})
    if not wanted:
        raise UserError("There is no head to replace. Name at least one, like L2H9.")
    found = measure(model, path, wanted, sentences=sentences, bos=bos, progress=progress, store=store)
    table = needs_table(found)
    how: dict[str, Any] = {} if sentences == SENTENCES else {"sentences": sentences}
    how |= {} if bos else {"bos": False}
    named = [str(head) for head in wanted] if heads is not None else []
    args = (
        Model.of(model),
        *([corpus_named(path)] if corpus_path is not None or named else []),
        *([named] if named else []),
    )
    options = {"sentences": sentences, "bos": bos, "corpus": path.name, "left_out": len(found.left_out)}
    call = Part(Call("needs", args, how), "table", makes="table")
    made = origin(Model.of(model), "", "needs", call, heads=named, unit="tokens", options=options)
    table.attrs["provenance"] = made.to_dict()
    return Needs(table, Provenance.from_dict(made.to_dict()))


def draw_needs(
    found: Needs,
    figure: str = "all",
    *,
    theme: Theme = "light",
    width: float | None = None,
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw each head by the bits that a figure explains and by what it keeps. selected, tray, epoch, names: as in
    `draw_atlas`.

    figure: "position", "position_syntax", "position_context" or "all"; or "syntax" or "context", what only the parse or
    only meaning gives. Raises UserError for another one.
    """
    if figure not in FIGURES:
        raise UserError(f"There is no figure “{figure}”. Choose one of {', '.join(FIGURES)}.")
    title = found.provenance.title
    chart = bits_against_kept(
        found.table,
        figure,
        Look(theme, width),
        title=f"Bits and what is kept: {FIGURES[figure]} · {title}",
        subtitle=[
            "a point per head · whiskers: 95 % interval over sentences",
            over(found.table, found.provenance.options),
        ],
        description=correlation_said(found.correlation(figure), figure),
        selection=Selection(selected, tuple(tray), epoch, names),
    )
    look = given(theme=theme, width=width)
    again = _again(found.provenance)
    call = Call("draw_needs", (again, figure), look, makes="figure")
    shown = replace(
        found.provenance, view="needs", options=found.provenance.options | look | {"figure": figure}, call=call
    )
    return chart.made_of(shown)


def _again(made: Provenance) -> Call:
    """The call that makes a result again."""
    options = made.options
    how = {} if options["sentences"] == SENTENCES else {"sentences": options["sentences"]}
    how |= {} if options["bos"] else {"bos": False}
    corpus, heads = options["corpus"], list(made.heads)
    own = corpus == builtin_corpus().name
    more = [corpus_named(builtin_corpus()) if own else corpus] if heads or not own else []
    return Call("needs", (made.opened, *more, *([heads] if heads else [])), how, to="found")
