"""Pairs of words by a pattern: relation, parts of speech, lemmas, distance. Any annotation scheme works."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.analyses.find_heads.pair_shares import Pair
from dashboard.errors import UserError
from dashboard.heads.format import counted
from dashboard.text.sentence import ROOT, ParsedSentence

DIRECTIONS = ("dependent->head", "head->dependent", "any")


@dataclass(frozen=True)
class Pattern:
    """A filter for pairs (i → j) of a parsed sentence: i is the query word, j the key word. "" matches anything.

    Attributes
    ----------
    direction: "dependent->head": i is a dependent of j; "head->dependent": j is a dependent of i; "any": any two words
    relation: of the dependent to its head, as the corpus names it; ``nsubj`` includes its subtypes (``nsubj:pass``)
    looks_pos, seen_pos: part of speech (UPOS) of i, of j
    looks_lemma, seen_lemma: lemma of i, of j, ignoring case; for a word without a lemma, its form
    nearest, furthest: range of the distance |j - i| in words, both included; None: no limit
    """

    direction: str = "dependent->head"
    relation: str = ""
    looks_pos: str = ""
    looks_lemma: str = ""
    seen_pos: str = ""
    seen_lemma: str = ""
    nearest: int = 1
    furthest: int | None = None

    def check(self) -> Pattern:
        """Return the pattern itself. Raises UserError if it cannot be searched for."""
        if self.direction not in DIRECTIONS:
            raise UserError(f"There is no direction “{self.direction}”. Choose one of {', '.join(DIRECTIONS)}.")
        if self.nearest < 1 or (self.furthest is not None and self.furthest < self.nearest):
            raise UserError("The distance is 1 word or more, and the nearest is not beyond the furthest.")
        if self.direction == "any" and self.relation:
            raise UserError(f"The relation {self.relation} has a direction: choose dependent->head or head->dependent.")
        if self.direction == "any" and not any((self.looks_pos, self.looks_lemma, self.seen_pos, self.seen_lemma)):
            raise UserError("Any two words are not searched for. Name a part of speech or a lemma of one of them.")
        return self

    def pairs(self, sentence: ParsedSentence) -> list[Pair]:
        """The pairs (i, j) of the sentence that fit, in order."""
        m, looks, seen = len(sentence), _Word(self.looks_pos, self.looks_lemma), _Word(self.seen_pos, self.seen_lemma)
        furthest = m if self.furthest is None else self.furthest
        first = [i for i in range(m) if looks.fits(sentence, i)]
        if self.direction == "any":
            second = [j for j in range(m) if seen.fits(sentence, j)]
            found = [(i, j) for i in first for j in second]
        elif self.direction == "dependent->head":
            found = [(i, sentence.heads[i]) for i in first if self._related(sentence, i)]
        else:
            second = [j for j in range(m) if self._related(sentence, j)]
            found = sorted((sentence.heads[j], j) for j in second if looks.fits(sentence, sentence.heads[j]))
        return [(i, j) for i, j in found if self.nearest <= abs(j - i) <= furthest and seen.fits(sentence, j)]

    def _related(self, sentence: ParsedSentence, dependent: int) -> bool:
        wanted = self.relation.casefold()
        named = (sentence.relations if ":" in wanted else sentence.bases)[dependent]
        return sentence.heads[dependent] != ROOT and (not wanted or named.casefold() == wanted)

    def __str__(self) -> str:
        """``nsubj, dependent → head word: NOUN → VERB “say”, 2 words apart or more``."""
        looks, seen = _Word(self.looks_pos, self.looks_lemma), _Word(self.seen_pos, self.seen_lemma)
        if self.direction == "any":
            description = f"{looks.named('any word')} → {seen.named('any word')}"
        else:
            there = self.direction == "dependent->head"
            ends = ("dependent", "head word") if there else ("head word", "dependent")
            named = " → ".join(word.named(end) for word, end in zip((looks, seen), ends, strict=True))
            description = f"{self.relation}, {named}" if self.relation else named
        if self.furthest is None:
            far = f", {counted(self.nearest, 'words')} apart or more" if self.nearest > 1 else ""
        elif self.furthest == self.nearest:
            far = f", {counted(self.nearest, 'words')} apart"
        else:
            far = f", {self.nearest} to {self.furthest} words apart"
        return description + far


@dataclass(frozen=True)
class _Word:
    pos: str
    lemma: str

    def fits(self, sentence: ParsedSentence, place: int) -> bool:
        return (not self.pos or sentence.upos[place] == self.pos.upper()) and (
            not self.lemma or sentence.keys[place] == self.lemma.casefold()
        )

    def named(self, role: str) -> str:
        lemma = f" “{self.lemma}”" if self.lemma else ""
        if role == "any word":
            return f"{self.pos or ('' if lemma else role)}{lemma}".strip()
        return f"{role}{f' {self.pos}' if self.pos else ''}{lemma}"
