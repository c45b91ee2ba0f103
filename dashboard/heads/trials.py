"""Where a model's predictions of a text are read: METRICS §7."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dashboard.text.encoding import Encoding


@dataclass(frozen=True, eq=False)
class Trial:
    """One input of the model, and where its predictions are read.

    Attributes
    ----------
    text: the index of the text
    encoding: the text; for a masked language model with one token masked
    places: the positions whose last vectors are read
    tokens: for each place, the position of the token that it predicts
    targets: the ids of these tokens
    """

    text: int
    encoding: Encoding
    places: tuple[int, ...]
    tokens: tuple[int, ...]
    targets: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.encoding)


def trials(text: int, encoding: Encoding, *, causal: bool, mask: int | None, predicts: bool) -> Iterator[Trial]:
    """The trials of a text. They measure every token that the tokenizer did not add.

    With a language-model head (`predicts`), a causal model's prediction of a token is read at the token before it, so
    the first token is not measured. A masked model's is read where the token is masked, one token at a time.
    """
    ids = encoding.ids
    own = [place for place, special in enumerate(encoding.special) if not special]
    if predicts and not causal:
        for place in own:
            masked = replace(encoding, ids=(*ids[:place], mask, *ids[place + 1 :]))
            yield Trial(text, masked, (place,), (place,), (ids[place],))
    elif own := tuple(place for place in own if place or not predicts):
        places = tuple(place - 1 for place in own) if predicts else own
        yield Trial(text, encoding, places, own, tuple(ids[place] for place in own))
