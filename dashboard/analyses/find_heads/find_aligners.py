"""Cross attention as a word aligner, drawn: for the page, the command line and a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dashboard.analyses.find_heads.aligner import Aligners, aligners
from dashboard.analyses.find_heads.aligner_text import finding
from dashboard.analyses.find_heads.by_example import pairs_between
from dashboard.analyses.find_heads.pair_shares import Pair
from dashboard.capture import AttentionModel, read_part
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.charts.ranking import BEST, ranking
from dashboard.charts.theme import Theme
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text, given
from dashboard.export.provenance import origin, reading
from dashboard.heads.chance_words import HOLLOW
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.text import Encoding


def find_aligners(
    model: AttentionModel,
    text: str | Encoding,
    pairs: Sequence[Pair] | str,
    *,
    target: str | None = None,
    bos: bool = True,
    limit: int | None = None,
) -> Aligners:
    """All cross-attention heads of an encoder–decoder, ranked by how well they align the words of two texts (METRICS
    §8).

    For each word j of the target that a pair (j → i) leads from, a head links j to the source word with the largest
    attention from j (special tokens left out; from a word the mean over its tokens, to a word the sum). With A these
    links and S the marked pairs, ``aer = 1 - 2 |A ∩ S| / (|A| + |S|)`` in [0, 1], 0 best (Och & Ney 2003). Baseline
    `diagonal`: the same error where word j of m is linked to the source word floor((j + 1/2) n / m) of n.

    Parameters
    ----------
    model: an encoder–decoder from `open_model`, or its cross attention from `of_part`
    text: the source, with `target`; of cross attention from `of_part` the target itself
    pairs: words by their numbers, from 0, the target's first, ``[(6, 1)]``; or as typed, ``"Koch > chef, 4 > 2"``
    target: the text that the decoder reads
    bos, limit: as in `attention`

    Raises UserError for a model without cross attention, a missing target, an empty text, and pairs that the texts do
    not have.
    """
    cross, encoding = read_part(model, text, "cross", target, bos=bos, limit=limit)
    source = cross.source_text or encoding  # of the cross attention there is one; `aligners` refuses any other part
    marked = pairs_between(encoding, source, pairs) if isinstance(pairs, str) else pairs
    found = aligners(cross, encoding, marked, reading(encoding, bos=bos, limit=limit))
    found.table.attrs["provenance"] = provenance_of_aligners(found).to_dict()
    return found


def draw_aligners(
    found: Aligners,
    *,
    theme: Theme = "light",
    width: float | None = None,
    selected: HeadId | None = None,
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw the 15 best heads of `find_aligners`: a dot for the alignment error, a tick for the diagonal's.

    selected, epoch, names: as in `draw_atlas`.
    """
    over = f"{counted(len(found.pairs), 'marked pairs')}, {counted(len(found.aligned), 'words')}"
    chart = ranking(
        found.table.assign(score=found.table["aer"], baseline=found.diagonal),
        Look(theme, width),
        title=f"Alignment error · {found.model}",
        subtitle=[
            f"dot: alignment error rate, 0\u00a0% is best ({HOLLOW}) · tick: linking by position (the diagonal)",
            f"the {min(BEST, len(found.table))} heads with the smallest error, of {len(found.table)} · {over}",
        ],
        description=finding(found),
        selection=Selection(selected, epoch=epoch, names=names),
        elsewhere="the diagonal",
    )
    return chart.made_of(provenance_of_aligners(found, theme=theme, width=width))


def provenance_of_aligners(found: Aligners, **drawing: object) -> Provenance:
    """The provenance of the table, or (`drawing`: the arguments of `draw_aligners`) of its picture."""
    look, model = given(**drawing), Model.kept(found)
    made = Call("find_aligners", (model, Text(found.text), list(found.pairs)), found.reading, to="found")
    call = Call("draw_aligners", (made,), look, makes="figure") if look else Part(made, "table", makes="table")
    options = {"pairs": [f"{j}>{i}" for j, i in found.pairs], **found.reading}
    return origin(model, found.text, "align", call, special="hide", options=options | look)
