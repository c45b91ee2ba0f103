"""A text in which one word is expected to attend to another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """A text with a query word (looks) and a key word (seen), each given by its first character."""

    text: str
    looks: int
    seen: int

    def word(self, at: int) -> str:
        """The word that begins at this character."""
        end = at
        while end < len(self.text) and self.text[end].isalnum():
            end += 1
        return self.text[at:end]

    def parts(self) -> tuple[str, str, str, str, str]:
        """The text split at its two words: before, the key word, between, the query word, after."""
        seen, looks = self.word(self.seen), self.word(self.looks)
        return (
            self.text[: self.seen],
            seen,
            self.text[self.seen + len(seen) : self.looks],
            looks,
            self.text[self.looks + len(looks) :],
        )
