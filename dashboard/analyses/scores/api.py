"""Every head of a model at once: the scores of METRICS §1, and the atlas that shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from dashboard.analyses.scores.atlas_chart import atlas, atlas_maps
from dashboard.analyses.scores.scores import SCORES
from dashboard.analyses.scores.survey import Survey, survey
from dashboard.capture import AttentionModel, untrained_twin
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export.call import given
from dashboard.export.provenance import provenance_of_text
from dashboard.heads.head_id import HeadId, heads_of
from dashboard.heads.untrained import beside
from dashboard.heads.view import Between
from dashboard.text import Encoding

if TYPE_CHECKING:
    import pandas as pd

    from dashboard.charts.drawing import Drawing


def scores(
    model: AttentionModel,
    text: str | Encoding,
    *,
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
    between: Between | None = None,
    as_words: bool = False,
    twin: bool = False,
) -> pd.DataFrame:
    """All pattern scores of METRICS §1, a row per head: columns layer, head, then a column per score.

    pair, between, as_words: as in `attention`; rows are divided by their sum over the keys of that text
    twin: also the scores of the untrained twin (METRICS §10), ``untrained_`` before their names, which is opened for it

    All heads in one pass, with only a block of rows in memory. NaN where a score has no qualifying row on this text.
    Raises UserError on an empty text, and with `twin` as `dashboard.untrained_twin` does.
    """
    reading = {"bos": bos, "limit": limit, "pair": pair, "as_words": as_words}
    encoding = text if isinstance(text, Encoding) else model.encode(text, **reading)
    table = overview(model, encoding, thumbnails=False, between=between).scores
    if twin:
        table = with_twin(table, scores(untrained_twin(model), encoding, between=between))
    options = given(limit=limit, between=between, as_words=as_words or None, twin=twin or None)
    table.attrs["provenance"] = provenance_of_text(model, encoding, "scores", bos=bos, **options).to_dict()
    return table


def with_twin(table: pd.DataFrame, twin: pd.DataFrame) -> pd.DataFrame:
    """The scores of a model and those of its untrained twin in one table, as `scores` with ``twin=True`` gives it."""
    return beside(table, twin, SCORES)


def overview(
    model: AttentionModel,
    text: str | Encoding,
    *,
    bos: bool = True,
    limit: int | None = None,
    thumbnails: bool = True,
    induction: bool = True,
    pair: str | None = None,
    between: Between | None = None,
    as_words: bool = False,
) -> Survey:
    """Scores of all heads and their maps reduced to at most 32 × 32, in one pass. pair, between: as in `scores`."""
    reading = {"bos": bos, "limit": limit, "pair": pair, "as_words": as_words}
    encoding = text if isinstance(text, Encoding) else model.encode(text, **reading)
    return survey(model, encoding, thumbnails=thumbnails, induction=induction, between=between)


def draw_atlas(
    table: pd.DataFrame | Survey,
    score: str | None = "previous",
    *,
    model: str = "",
    theme: Theme = "light",
    selected: HeadId | None = None,
    tray: Sequence[HeadId | str] = (),
    width: float | None = None,
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """All heads of a model in one picture: coloured by a score, or (score None, from a Survey) their maps.
    names: what heads are called, for who hovers over them. A table with ``untrained_…`` columns has the untrained twin
    in the strip at the foot of each cell

    Raises UserError for a score that does not exist.
    """
    pinned = tuple(HeadId.of(head) for head in tray)
    look, selection = Look(theme, width), Selection(selected, pinned, epoch, names)
    if score is None:
        if not isinstance(table, Survey) or table.thumbnails is None:
            raise UserError("To draw all maps, pass what `overview` returns.")
        return atlas_maps(
            table.thumbnails, look, selection=selection, model=model, part=table.part, heads=heads_of(table.scores)
        )
    known_score(score)
    frame = table.scores if isinstance(table, Survey) else table
    return atlas(frame, score, look, selection=selection, model=model)


def known_score(name: str) -> str:
    """The name itself. Raises UserError that lists the scores for an unknown name."""
    if name not in SCORES:
        raise UserError(f"There is no score “{name}”. Choose one of {', '.join(SCORES)}.")
    return name
