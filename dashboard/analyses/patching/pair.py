"""A pair of texts that differ in little, and what each head carries from the first to the second: METRICS §9.

m = logit(answer) − logit(rival) of the next token; recovered = (m(B with A's head) − m(B)) / (m(A) − m(B)).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import torch
from torch import Tensor

from dashboard.capture import AttentionModel
from dashboard.capture.interventions import Base, Patch, Run, direct, direct_path, head_of_language, run_of
from dashboard.errors import UserError
from dashboard.heads.continuation import first_of, last_of
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.models.lm_head import LanguageHead
from dashboard.text.display import visible, vocabulary_labels
from dashboard.text.encoding import Encoding

LEAST = 0.1  # of |m(A) − m(B)|, below which nothing is divided by it
TOP = 10  # of the most probable tokens, among which answers are looked for
NAMED = 3  # differing words that a message names


@dataclass(frozen=True, eq=False)
class Pair:
    """Two texts that have run, and the two answers.

    Attributes
    ----------
    model: the model
    donor, base: the runs of A and of B
    answer, rival: the tokens a and b
    m_donor, m_base: m(A) and m(B)
    into: what puts parts of a run into B's
    """

    model: AttentionModel
    donor: Run
    base: Run
    answer: int
    rival: int
    m_donor: float
    m_base: float
    into: Base

    @property
    def labels(self) -> tuple[str, str]:
        """The two answers as a person reads them."""
        first, second = vocabulary_labels(self.model.loaded.tokenizer, [self.answer, self.rival])
        return first, second

    @property
    def differ(self) -> list[int]:
        """The tokens at which the two texts differ."""
        both = zip(self.donor.encoding.ids, self.base.encoding.ids, strict=True)
        return [place for place, (a, b) in enumerate(both) if a != b]

    @property
    def first(self) -> int:
        """The first token at which they differ; the last one where they do not."""
        return min(self.differ, default=self.base.last)

    def figures(
        self, patches: Sequence[Patch], donor: Run | None = None, progress: Callable[[int], None] | None = None
    ) -> np.ndarray:
        """m of B with each patch: float64 (k). donor: another one than A; progress: gets how many are done"""
        found = np.full(len(patches), np.nan)
        for done, (place, value) in enumerate(self.into.with_parts_of(donor or self.donor, patches), 1):
            found[place] = value
            if progress:
                progress(done)
        return found

    def recovered(self, figures: np.ndarray) -> np.ndarray:
        """(m − m(B)) / (m(A) − m(B)); NaN where that difference is below `LEAST`."""
        apart = self.m_donor - self.m_base
        return (figures - self.m_base) / apart if abs(apart) >= LEAST else np.full(figures.shape, np.nan)

    def direct(self, heads: Sequence[HeadId]) -> np.ndarray:
        """m of B with each head's change by its direct path alone: float64 (k). Raises UserError as `direct_path`."""
        path = direct_path(self.into, self.answer, self.rival)
        return self.m_base + np.array(direct(self.into, self.donor, heads, path))


@torch.inference_mode()
def pair_of(
    model: AttentionModel,
    a: Encoding,
    b: Encoding,
    answers: tuple[str, str] = ("", ""),
    *,
    bos: bool = True,
    mlps: bool = False,
) -> Pair:
    """Run both texts. answers: two continuations, of which the first token each counts; "" for what the model says.
    mlps: whether feed-forward parts can be carried over too.

    Raises UserError for texts of different numbers of tokens, for answers that begin with the same token, and for a
    model that predicts no next token.
    """
    head = head_of_language(model)
    check_lengths(a, b)
    last = last_of(b)
    runs = [run_of(model, one, last, mlps=mlps) for one in (a, b)]
    answer, rival = _answers(model, head, runs, answers, bos)
    measure = difference_of(head, answer, rival)
    into = Base(model, runs[1], measure)
    m_donor = float(measure(runs[0].vectors[[last]])[0])
    return Pair(model, runs[0], runs[1], answer, rival, m_donor, into.intact, into)


def difference_of(head: LanguageHead, answer: int, rival: int) -> Callable[[Tensor], Tensor]:
    """logit(answer) − logit(rival) of last vectors (k, D), in float64."""

    def measure(vectors: Tensor) -> Tensor:
        logits = head(vectors)
        return logits[:, answer].double() - logits[:, rival].double()

    return measure


def check_lengths(a: Encoding, b: Encoding) -> None:
    """Raises UserError for texts of different numbers of tokens, with both and what differs."""
    for one in (a, b):
        if one.second is not None or one.left_out:
            raise UserError("A text to carry a head over is one text that is read to its end. Use a shorter text.")
    if len(a) != len(b):
        raise UserError(
            f"The first text has {len(a)} tokens and the second {len(b)}, so their tokens cannot be matched"
            f"{_unequal(a, b)}. Choose words of as many tokens."
        )


def _unequal(a: Encoding, b: Encoding) -> str:
    """Which words differ in tokens: ": “cat” has 1 token, “hippopotamus” 4"; "; “old” (1 token) is in one alone"."""
    words = [[visible(word.form) for word in one.words] for one in (a, b)]
    tokens = [[one.word_of.count(place) for place in range(len(one.words))] for one in (a, b)]
    found = []
    for kind, i, j, k, m in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        first, second = sum(tokens[0][i:j]), sum(tokens[1][k:m])
        if kind == "equal" or first == second:
            continue
        one, other = (f"“{' '.join(some)[:40]}”" for some in (words[0][i:j], words[1][k:m]))
        if kind == "replace":
            found.append(f"{one} has {counted(first, 'tokens')}, {other} {second}")
        else:
            found.append(f"{one if kind == 'delete' else other} ({counted(first + second, 'tokens')}) is in one alone")
    return f": {'; '.join(found[:NAMED])}" if found else ""


def _answers(
    model: AttentionModel, head: LanguageHead, runs: Sequence[Run], typed: tuple[str, str], bos: bool
) -> tuple[int, int]:
    """The tokens of the two answers. Where a person names none, it is the most probable token after each text; where
    that is the same one, or the answer of the other, the token of the top ten whose probability differs most."""
    named = [
        first_of(model, run.encoding, word, bos=bos) if word else None for run, word in zip(runs, typed, strict=True)
    ]
    if named[0] is not None and named[0] == named[1]:
        raise UserError(f"“{typed[0]}” and “{typed[1]}” begin with the same token. Choose another answer.")
    if named[0] is not None and named[1] is not None:
        return named[0], named[1]
    logs = [head(run.vectors[[run.last]])[0].double().log_softmax(-1) for run in runs]
    tops = [int(one.argmax()) for one in logs]
    if tops[0] == tops[1] or tops[0] == named[1] or tops[1] == named[0]:
        some = torch.cat([one.topk(min(TOP, len(one))).indices for one in logs]).unique()
        gain = (logs[0] - logs[1])[some]
        tops = []
        for way, other in ((gain, named[1]), (-gain, named[0])):
            order = some[way.argsort(descending=True)].tolist()
            tops.append(next(one for one in order if one != other))
        if tops[0] == tops[1]:  # one token alone, or the texts are the same
            tops[1] = next(one for one in some.tolist() if one != tops[0])
    return tops[0] if named[0] is None else named[0], tops[1] if named[1] is None else named[1]
