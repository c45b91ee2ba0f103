"""The heads that change most between two texts, compared with changes of other words: for the page and a notebook.

>>> first, second = "The chef says ramen is good.", "The pilot says ramen is good."
>>> save(draw_changes(model, changed_heads(model, first, second), first, second), "changes.svg")
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from dashboard.analyses.compare.change import Changes, check_lengths, head_changes
from dashboard.analyses.compare.text import change_finding
from dashboard.analyses.compare.word_swaps import Swap, swaps, words_by_pos
from dashboard.capture import AttentionModel
from dashboard.charts.drawing import Drawing
from dashboard.charts.look import Look, Selection
from dashboard.charts.ranking import BEST, ranking
from dashboard.charts.theme import Theme
from dashboard.corpus.builtin import builtin_corpus
from dashboard.export import Provenance
from dashboard.export.call import Call, Model, Part, Text, given
from dashboard.export.provenance import origin
from dashboard.heads.alignment import matching
from dashboard.heads.chance_words import HOLLOW
from dashboard.heads.head_id import HeadId
from dashboard.text import parse
from dashboard.text.parse import not_english
from dashboard.text.sentence import ParsedSentence
from dashboard.text.treebank import read_treebank
from dashboard.text.words import split_words

EXCHANGES = 12  # variants behind the baseline, at most
FOR_CHANCE = 40  # where the change has a rank among them: with fewer, no list of heads could be beyond chance


def changed_heads(
    model: AttentionModel, first: str, second: str, *, bos: bool = True, exchanges: int | None = None
) -> Changes:
    """All heads of a model, ranked by how much they change between two texts beyond a baseline.

    The baseline is over variants of the first text with one other word exchanged for a word of the same part of speech
    from the built-in corpus (English text only, else there is no baseline). See `change.head_changes`.

    exchanges: how many variants at most; by default 12, and 40 where the table has a q: in a model that is not causal
    """
    before, after = (model.encode(text, bos=bos) for text in (first, second))
    check_lengths([before, after])  # before anything is parsed
    usual = EXCHANGES if model.predicts_next else FOR_CHANCE
    variants = exchanged(first, second, usual if exchanges is None else exchanges)
    found = head_changes(model, before, after, [model.encode(one.text, bos=bos) for one in variants])
    read: dict[str, Any] = {"bos": bos} | ({} if exchanges is None else {"exchanges": exchanges})
    found.table.attrs["provenance"] = _of_changes(model, first, second, read).to_dict()
    return found


def exchanged(first: str, second: str, most: int) -> list[Swap]:
    """Variants of the first text, each with one word exchanged that the second text does not change."""
    words, others = ([word.form for word in split_words(text)] for text in (first, second))
    if not_english(first) or not words:
        return []
    pairs, changed = matching((words, [False] * len(words)), (others, [False] * len(others)))
    stays = {i for (i, _), new in zip(pairs, changed, strict=True) if not new}
    vocabulary = words_by_pos(one for one in read_treebank(builtin_corpus()) if isinstance(one, ParsedSentence))
    return swaps(first, parse(first), vocabulary, but=[k for k in range(len(words)) if k not in stays], most=most)


def draw_changes(
    model: AttentionModel,
    changes: Changes,
    first: str,
    second: str,
    *,
    bos: bool = True,
    selected: HeadId | None = None,
    theme: Theme = "light",
    width: float | None = None,
    epoch: int = 0,
    names: Mapping[HeadId, str] = MappingProxyType({}),
) -> Drawing:
    """Draw the 15 heads that changed most: a dot for the divergence, a tick for the baseline.

    selected, epoch, names: as in `draw_atlas`
    """
    ticks = f"tick: mean of {changes.swaps} exchanges of another word" if changes.swaps else "no baseline"
    hollow = f" ({HOLLOW})" if changes.table["q"].notna().any() else ""
    chart = ranking(
        changes.table.rename(columns={"change": "score"}),
        Look(theme, width),
        title=f"Most changed heads · {model.title}",
        subtitle=[
            f"dot: divergence between the two texts, 0: the same, 1: no overlap{hollow} · {ticks}",
            f"the first {min(BEST, len(changes.table))} of {len(changes.table)} heads · mean over {changes.rows} rows",
        ],
        description=change_finding(changes),
        selection=Selection(selected, epoch=epoch, names=names),
        share=False,
        elsewhere="another word",
        alone="no other word could be exchanged",
    )
    options = changes.table.attrs.get("provenance", {}).get("options", {})
    read: dict[str, Any] = {"bos": bos} | given(exchanges=options.get("exchanges"))
    return chart.made_of(_of_changes(model, first, second, read, theme=theme, width=width))


def _of_changes(model: AttentionModel, first: str, second: str, read: dict[str, Any], **drawing: object) -> Provenance:
    of, text, look = Model.of(model), Text(first), given(**drawing)
    found = Call("changed_heads", (of, text, second), read, to="changes")
    if drawing:
        call = Call("draw_changes", (of, found, text, second), {"bos": read["bos"]} | look, makes="figure")
    else:
        call = Part(found, "table", makes="table")
    return origin(of, first, "changes", call, options={"second_text": second} | read | look)
