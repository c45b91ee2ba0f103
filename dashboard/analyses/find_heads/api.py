"""Find heads by example or by pattern, and draw what was found: what the page, the command line and a notebook call."""

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
from dashboard.charts.look import Look, Selection
from dashboard.charts.ranking import BEST, ranking
from dashboard.charts.theme import Theme
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text, given
from dashboard.export.provenance import origin, reading
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
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
    """All heads of a model by what they give along pairs of words of a text (METRICS §8).

    For a pair (i → j) a head's share is W[i, j] renormalised over the words other than i that i may see; its baseline
    the mean share at the same offset j - i from all other words. `table` lists the heads by lift = score - baseline.
    In a causal model a pair that looks ahead is left out, see `masked`.

    Parameters
    ----------
    pairs: words by their numbers, from 0, ``[(6, 1)]``; or as typed, ``"says > chef, 9 > 1"``

    Raises UserError for an empty text, and for pairs that the text does not have (see `by_example`).
    """
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
    """All heads of a model by what they give along the pairs of a corpus that fit a pattern, with intervals.

    Per pair as in `find_heads`, the baseline from the same sentence. `best` is held out: chosen on the even sentences
    and judged on the odd, and the reverse.

    Parameters
    ----------
    corpus_path: a treebank (.conllu, .conllup, .conll) or plain English text (.txt, UTF-8)
    pattern: like ``Pattern(relation="nsubj", looks_pos="PRON", furthest=5)``, see `pattern`
    limit: stop after so many sentences with a match, or 50 times as many read
    progress: told how far it is: a fraction and a sentence

    Raises UserError where the file cannot be read, and where nothing fits, with what the corpus has.
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
    """The 15 best heads of `find_heads` or `find_heads_in`: a dot for the share, a tick for what this distance gets
    elsewhere. selected, epoch, names: as in `draw_atlas`."""
    one = isinstance(found, Examples)
    if one:
        what = found.named(found.pairs[0]) if len(found.pairs) == 1 else f"{len(found.pairs)} marked pairs"
    else:
        what = str(found.pattern)
    over = "one text" if one else f"{counted(found.pairs, 'pairs')}, {counted(found.sentences, 'sentences')}"
    chart = ranking(
        found.table,
        Look(theme, width),
        title=f"{what} · {found.model}",
        subtitle=[
            "dot: share of attention along the pairs · tick: what this distance gets elsewhere",
            f"the {min(BEST, len(found.table))} heads with most beyond it, of {len(found.table)} · {over}",
        ],
        description=example_finding(found) if one else match_finding(found),
        selection=Selection(selected, epoch=epoch, names=names),
    )
    return chart.made_of(provenance_of_found(found, theme=theme, width=width))


def provenance_of_found(found: Examples | Matches, **drawing: object) -> Provenance:
    """Where a table comes from, or (`drawing`: the arguments of `draw_found`) a picture of it; with the lines that make
    it again."""
    look, model = given(**drawing), Model(found.name, found.revision, found.model)
    if isinstance(found, Examples):
        name, text, pairs = "find", found.text, [*found.pairs, *found.masked]
        said = {"pairs": [f"{i}>{j}" for i, j in pairs], **found.reading}
        made = Call("find_heads", (model, Text(text), pairs), found.reading, to="found")
    else:
        name, text = "find-pattern", ""
        how = {key: value for key, value in found.reading.items() if key != "path"}
        said = {"corpus": found.corpus, "pattern": str(found.pattern), **how}
        asked = {key: value for key, value in asdict(found.pattern).items() if value != getattr(Pattern(), key)}
        path = found.reading.get("path", found.corpus)
        made = Call("find_heads_in", (model, path, Call("Pattern", (), asked)), how, to="found")
    call = Call("draw_found", (made,), look, makes="figure") if look else Part(made, "table", makes="table")
    return origin(model, text, name, call, special="hide", options=said | look)
