"""Find heads by example or by pattern, and draw the result: for the page, the command line and a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

from dashboard.analyses.find_heads.by_example import Examples, examples, pairs_of
from dashboard.analyses.find_heads.by_pattern import LIMIT, Matches, Progress
from dashboard.analyses.find_heads.corpus import search
from dashboard.analyses.find_heads.pair_shares import Pair
from dashboard.analyses.find_heads.pattern import Pattern
from dashboard.analyses.find_heads.text import example_finding, match_finding
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.head_grid_values import head_grid
from dashboard.charts.look import Look, Selection
from dashboard.charts.ranking import BEST, ranking
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text, corpus_named, given
from dashboard.export.provenance import origin, reading
from dashboard.heads.chance_words import HOLLOW
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId, columns_of
from dashboard.text import Encoding


def find_heads(
    model: AttentionModel,
    text: str | Encoding,
    pairs: Sequence[Pair] | str,
    *,
    bos: bool = True,
    limit: int | None = None,
    pair: str | None = None,
) -> Examples:
    """All heads of a model, ranked by their attention along pairs of words of a text (METRICS §8).

    For a pair (i → j), a head's share is W[i, j] renormalised over the words other than i that i may see. Its baseline
    is the mean share at the same offset j - i from all other words. `table` ranks the heads by lift = score - baseline.
    In a causal model, pairs that look ahead are left out, see `masked`.

    Parameters
    ----------
    pairs: words by their numbers, from 0, ``[(6, 1)]``; or as typed, ``"says > chef, 9 > 1"``

    Raises UserError for an empty text, for pairs that the text does not have (see `by_example`), and for cross
    attention, whose pairs are of two texts (see `find_aligners`).
    """
    if model.part == "cross":
        raise UserError("Pairs of cross attention lead from the target to the source. Use find_aligners for them.")
    encoding = text if isinstance(text, Encoding) else model.encode(text, bos=bos, limit=limit, pair=pair)
    marked = pairs_of(encoding, pairs) if isinstance(pairs, str) else pairs
    found = examples(model, encoding, marked, reading(encoding, bos=bos, limit=limit))
    found.table.attrs["provenance"] = provenance_of_found(found).to_dict()
    return found


def find_heads_in(
    model: AttentionModel,
    corpus_path: str | Path,
    pattern: Pattern,
    *,
    limit: int = LIMIT,
    bos: bool = True,
    progress: Progress | None = None,
) -> Matches:
    """All heads of a model, ranked by their attention along the pairs of a corpus that fit a pattern, with intervals.

    Shares are as in `find_heads`, with the baseline from the same sentence. `best` is held out: chosen on the even
    sentences and evaluated on the odd, and the reverse.

    Parameters
    ----------
    corpus_path: a treebank (.conllu, .conllup, .conll) or plain English text (.txt, UTF-8)
    pattern: like ``Pattern(relation="nsubj", looks_pos="PRON", furthest=5)``, see `pattern`
    limit: stop after this many sentences with a match, or after reading 50 times as many
    progress: called with the fraction done and a sentence

    Raises UserError if the file cannot be read, and if nothing fits; the message then lists what the corpus has.
    """
    found = search(model, corpus_path, pattern, limit=limit, bos=bos, progress=progress)
    found.table.attrs["provenance"] = provenance_of_found(found).to_dict()
    return found


def draw_found(
    found: Examples | Matches,
    *,
    theme: Theme = "light",
    width: float | None = None,
    selected: HeadId | None = None,
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw the 15 best heads of `find_heads` or `find_heads_in`: a dot for the share, a tick for the baseline at the
    same distance. selected, epoch, names: as in `draw_atlas`."""
    one = isinstance(found, Examples)
    what = _along(found) if isinstance(found, Examples) else str(found.pattern)
    over = "one text" if one else f"{counted(found.pairs, 'pairs')}, {counted(found.sentences, 'sentences')}"
    chart = ranking(
        found.table,
        Look(theme, width),
        title=f"{what} · {found.model}",
        subtitle=[
            f"dot: attention along the pairs ({HOLLOW}) · tick: the same distance elsewhere",
            f"the {min(BEST, len(found.table))} heads with the largest lift, of {len(found.table)} · {over}",
        ],
        description=example_finding(found) if one else match_finding(found),
        selection=Selection(selected, epoch=epoch, names=names),
    )
    return chart.made_of(provenance_of_found(found, theme=theme, width=width))


def draw_found_grid(
    found: Examples,
    *,
    theme: Theme = "light",
    width: float | None = None,
    tray: Sequence[HeadId] = (),
    epoch: int = 0,
) -> Drawing:
    """Draw all heads as squares, coloured by their share along the pairs of `find_heads`, in percent.

    tray, epoch: as in `draw_atlas`
    """
    chart = head_grid(
        found.table.assign(share=100 * found.table["score"]).sort_values(columns_of(found.table), ignore_index=True),
        "share",
        Look(theme, width),
        title=f"{_along(found)} · {found.model}",
        unit="%",
        subtitle=["attention along the pair, one square per head"],
        description=example_finding(found),
        selection=Selection(None, tuple(tray), epoch),
    )
    return chart.made_of(provenance_of_found(found, "draw_found_grid", theme=theme, width=width))


def provenance_of_found(found: Examples | Matches, verb: str = "draw_found", **drawing: object) -> Provenance:
    """The provenance of a table, or (`drawing`: the arguments of `verb`) of its picture, with the lines that reproduce
    it."""
    look, model = given(**drawing), Model.kept(found)
    if isinstance(found, Examples):
        name, text, pairs = "find", found.text, [*found.pairs, *found.masked]
        options = {"pairs": [f"{i}>{j}" for i, j in pairs], **found.reading}
        made = Call("find_heads", (model, Text(text), pairs), found.reading, to="found")
    else:
        name, text = "find-pattern", ""
        how = {key: value for key, value in found.reading.items() if key != "path"}
        options = {"corpus": found.corpus, "pattern": str(found.pattern), **how}
        arguments = {key: value for key, value in asdict(found.pattern).items() if value != getattr(Pattern(), key)}
        made = Call(
            "find_heads_in",
            (model, corpus_named(found.reading.get("path", found.corpus)), Call("Pattern", (), arguments)),
            how,
            to="found",
        )
    call = Call(verb, (made,), look, makes="figure") if look else Part(made, "table", makes="table")
    return origin(model, text, name, call, special="hide", options=options | look)


def _along(found: Examples) -> str:
    return found.named(found.pairs[0]) if len(found.pairs) == 1 else f"{len(found.pairs)} marked pairs"
