"""Similarity of a model's heads, for the page, the command line and notebooks.

found = map_heads(open_model("minilm"))
save(found.table, "map.csv")          save(draw_map(found), "map.svg")          similar_heads(found, "L2H0")
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from dashboard.analyses.similarity.clusters import clusters_of
from dashboard.analyses.similarity.dendrogram_chart import clusters
from dashboard.analyses.similarity.distances import Distances, distances
from dashboard.analyses.similarity.embedding import CLUSTERS, HeadMap, map_table, nearest, place_of
from dashboard.analyses.similarity.map_chart import head_map
from dashboard.analyses.similarity.text import clusters_finding, map_finding
from dashboard.capture import AttentionModel
from dashboard.capture.model import HEADS_OF
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.charts.theme import Theme
from dashboard.corpus.builtin import builtin_corpus
from dashboard.corpus.sample import spread
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part
from dashboard.export.provenance import origin
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId
from dashboard.heads.head_id import Part as HeadPart
from dashboard.text import LeftOut, ParsedSentence, read_treebank

Progress = Callable[[float, str], None]


def map_heads(
    model: AttentionModel,
    *,
    limit: int | None = None,
    clusters: int = CLUSTERS,
    part: HeadPart = "",
    bos: bool = True,
    progress: Progress | None = None,
) -> HeadMap:
    """Distances of all heads over the built-in corpus (METRICS §8), with their map, clusters and nearest heads.

    The distance of two heads is the mean Jensen–Shannon divergence (bits, in [0, 1]) of their rows between words,
    without special tokens and the word itself; x and y are the classical multidimensional scaling of the distances.

    Parameters
    ----------
    limit: read at most this many sentences, evenly spread over the corpus (default: all 342)
    clusters: the maximum number of clusters, by average linkage
    part: of an encoder–decoder "decoder" or "cross" (default: its encoder). The decoder reads each sentence as its
        target, beside the same sentence as its source; cross attention leads from its words to the source's words,
        the word itself counted
    bos: as in `attention`
    progress: called with a fraction and a sentence; an exception from it ends the work

    Raises UserError for a limit below 1, a number of clusters below 1, a part that the model does not have, and where
    the model can read no sentence.
    """
    if clusters < 1:
        raise UserError("The number of clusters is 1 or more.")
    found = distances(model, _sentences(limit), part=part, bos=bos, progress=progress)
    part = part if part in ("decoder", "cross") else ""
    table, kept = map_table(found.values, found.per_layer[0], clusters, part)
    reading = {"clusters": clusters, "bos": bos} | ({} if limit is None else {"limit": limit})
    reading |= {"part": part} if part else {}
    made = HeadMap(
        table,
        found.values,
        kept,
        builtin_corpus().name,
        found.used,
        len(found.left_out),
        int(found.rows.max()),
        model.title,
        model.name,
        model.revision,
        reading,
    )
    table.attrs["provenance"] = origin_of_map(made).to_dict()
    return made


def similar_heads(found: HeadMap, head: str | HeadId, k: int = 10) -> pd.DataFrame:
    """The k most similar heads of the model, the nearest first: layer, head, distance (bits).

    Raises UserError where the map has no such head.
    """
    return nearest(found.distances, found.place(HeadId.of(head)), found.per_layer, k, part=found.part)


def distances_between(
    a: AttentionModel,
    b: AttentionModel,
    *,
    limit: int | None = None,
    bos: bool = True,
    progress: Progress | None = None,
) -> Distances:
    """All heads of one model (rows) against all of another (columns), word by word over the built-in corpus.

    Parameters, range and errors as in `map_heads`; a sentence that either model cannot read is left out.
    """
    return distances(a, _sentences(limit), b, bos=bos, progress=progress)


def similar_heads_elsewhere(found: Distances, head: str | HeadId, k: int = 10) -> pd.DataFrame:
    """The k heads of the second model most similar to this head of the first: layer, head, distance (bits).

    found: of `distances_between`. Raises UserError for a head that the first does not have.
    """
    wanted = HeadId.of(head)
    mine, theirs = found.per_layer
    return nearest(found.values, place_of(wanted, mine, len(found.values)), theirs, k, same=False)


def draw_map(
    found: HeadMap,
    *,
    roles: Mapping[HeadId, str] | Mapping[str, str] | None = None,
    selected: HeadId | None = None,
    tray: Sequence[HeadId] = (),
    theme: Theme = "light",
    width: float | None = None,
    epoch: int = 0,
    click: bool = False,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """The map of `map_heads`, coloured by layer, or by role where `roles` are given. See `map_chart`. names: as in
    `draw_atlas`."""
    left_out = f", {found.left_out:,} left out" if found.left_out else ""
    by_head = None if roles is None else {HeadId.of(head): role for head, role in roles.items()}
    chart = head_map(
        found.table,
        Look(theme, width),
        title=f"Head map · {_of(found)}",
        subtitle=[
            f"closer heads look at more similar words · {percent(found.kept)} of the variance of distances is kept"
            + ("" if selected is None else f" · thin rings: the cluster of {selected}"),
            f"Jensen–Shannon divergence over {counted(found.rows, 'rows')} of words, {found.sentences:,} built-in "
            f"sentences{', each as source and target' if found.part else ''}{left_out}",
        ],
        description=map_finding(found, selected),
        roles=by_head,
        selection=Selection(selected, tuple(tray), epoch, names),
        click=click,
    )
    return chart.made_of(
        origin_of_map(found, theme=theme, width=width, selected=selected, tray=list(tray), roles=by_head)
    )


def draw_clusters(
    found: HeadMap, *, selected: HeadId | None = None, theme: Theme = "light", width: float | None = None
) -> Drawing:
    """The clusters of `map_heads`, each with its central head, and the distances at which they join.

    selected: a head whose cluster has a bold name. See `clusters`.
    """
    tree = clusters_of(found)
    chart = clusters(
        tree.table,
        tree.joins,
        Look(theme, width),
        title=f"Clusters of heads · {_of(found)}",
        subtitle=["named by the central head · a bracket joins two clusters (average linkage)"],
        description=clusters_finding(tree),
        selected=None if selected is None else int(found.row(selected)["cluster"]),
    )
    return chart.made_of(origin_of_map(found, "draw_clusters", theme=theme, width=width, selected=selected))


def _of(found: HeadMap) -> str:
    """Whose heads they are, in a title."""
    return f"{found.model}, {HEADS_OF[found.part]}" if found.part else found.model


def _sentences(limit: int | None) -> Sequence[ParsedSentence | LeftOut]:
    """The built-in corpus, or `limit` of its sentences, evenly spread."""
    return spread(list(read_treebank(builtin_corpus())), limit)


def origin_of_map(found: HeadMap, verb: str = "draw_map", **drawing: Any) -> Provenance:
    """The provenance of the table or, with `drawing` (the arguments of `verb`), of a picture of it."""
    given = {name: value for name, value in drawing.items() if value}
    if "roles" in given:
        given["roles"] = {str(head): role for head, role in given["roles"].items()}
    model = Model(found.name, found.revision, found.model)
    made = Call("map_heads", (model,), found.reading, to="found")
    drawn = Call(verb, (made,), {name: _again(value) for name, value in given.items()}, makes="figure")
    return origin(
        model,
        "",
        verb.removeprefix("draw_"),
        drawn if given else Part(made, "table", makes="table"),
        special="hide",
        options={"corpus": found.corpus, **found.reading} | given,
    )


def _again(value: object) -> object:
    """An argument of a drawing, with heads as calls."""
    if isinstance(value, HeadId):
        return Call("HeadId", (), vars(value))
    return [_again(one) for one in value] if isinstance(value, list) else value
