"""Why no sentence of a corpus can be used: the first reason, where, how often, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dashboard.text.sentence import LeftOut

# A part of the reason → what to do about it.
_REMEDIES = {
    "divided by spaces instead of tabs": "CoNLL-U divides columns by tabs: replace the spaces between them by one tab.",
    "ends with a tab": "Remove the tab at the end of each line.",
    "columns in place of": "CoNLL-U and CoNLL-X have ten columns: the seventh is the head, the eighth the relation. "
    "Other formats called .conll have no such heads: convert the file to CoNLL-U.",
    "not parsed": "Parse the file first, or choose a treebank with heads and relations.",
    "has no head": "Give each word the number of its head, 0 for the root.",
    "has no relation": "Give each word its relation to its head, in the eighth column.",
    "has no form": "Give each word its form, in the second column.",
    "not numbered": "Number the words of each sentence 1, 2, 3, and put an empty line between sentences.",
    "is not a number": "Give each word its own number and that of its head.",
    "range": "A range like 3-4 stands on the line before its first word, and ranges do not overlap.",
    "root": "Each sentence needs one word with head 0, the root.",
    "in a cycle": "Heads must form a tree: correct them.",
    "is not in the sentence": "Correct the heads: each is the number of a word of the sentence, 0 for the root.",
    "not UTF-8": "Save the file as UTF-8.",
    "too long": "Put an empty line after each sentence.",
    "has no words": "A sentence has a line for each word.",
}
_LINE = re.compile(r" \(line (\d+)\)$")


def no_sentence(name: str, left_out: Sequence[LeftOut]) -> str:
    """The sentence for a corpus of which nothing can be used.

    name: the file's; left_out: all its sentences, in order
    """
    if not left_out:
        return f"{name} has no sentences. Choose a file with at least one."
    first = left_out[0]
    at = _LINE.search(first.reason)
    line, reason = (at[1], first.reason[: at.start()]) if at else (str(first.line), first.reason)
    same = sum(_kind(one.reason) == _kind(first.reason) for one in left_out)
    remedy = next((advice for part, advice in _REMEDIES.items() if part in reason), "Choose another file.")
    return (
        f"No sentence of {name} can be used. Line {line}: {reason} ({same:,} of {len(left_out):,} "
        f"{'sentence' if len(left_out) == 1 else 'sentences'}). {remedy}"
    )


def _kind(reason: str) -> str:
    """A reason without its numbers: what two sentences have in common."""
    return re.sub(r"\d+", "", _LINE.sub("", reason))
