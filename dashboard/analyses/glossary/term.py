"""A term of the glossary, and how a search finds it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term of the field or of the dashboard.

    Attributes
    ----------
    name: as it is written within a sentence
    says: one or two plain sentences
    page: where to see it
    others: other words for it, which the search finds as well
    """

    name: str
    says: str
    page: str
    others: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """In an address: attention-weight."""
        return self.name.lower().replace("'", "").replace("ρ", "rho").replace(" ", "-").replace("–", "-")

    def has(self, typed: str) -> bool:
        """Whether a search finds it: by its name, another word for it, or its sentences."""
        wanted = " ".join(typed.lower().replace("-", " ").split())
        return wanted in " ".join((self.name, *self.others, self.says)).lower().replace("-", " ")
