"""All heads over a long text: their scores, and any part of any head's map, from one forward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.analyses.scores.survey import Survey, survey
from dashboard.capture import AttentionModel, Block
from dashboard.capture.kept_calls import KeptCalls
from dashboard.heads.format import counted
from dashboard.heads.head_id import HeadId
from dashboard.heads.head_rows import HeadRows
from dashboard.text.encoding import Encoding, Special, Unit


@dataclass(frozen=True, eq=False)
class LongReading:
    """A text as all heads of a model read it.

    Attributes
    ----------
    survey: scores and thumbnails of all heads
    calls: what their weights follow from
    """

    model: AttentionModel
    encoding: Encoding
    survey: Survey
    calls: KeptCalls

    def rows(self, head: HeadId, *, unit: Unit = "tokens", special: Special = "show") -> HeadRows:
        """A head of it. Raises UserError where hiding special tokens leaves nothing."""
        masked = self.calls.masked(head.layer)
        return HeadRows(
            head=head,
            encoding=self.encoding,
            unit=unit,
            hidden=special,
            causal=self.model.causal,
            model=self.model.title,
            of_tokens=lambda rows: self.calls.rows(head, rows),
            allowed=(lambda rows: self.calls.allowed(head, rows)) if masked else None,
            name=self.model.name,
            revision=self.model.revision,
        )


def read_long(
    model: AttentionModel,
    encoding: Encoding,
    progress: Callable[[float, str], object] = lambda fraction, sentence: None,
) -> LongReading:
    """One forward pass over the text, of whatever length the model takes.

    progress: is told how far it is, at least once a layer, and may raise to end the pass

    Extra memory does not grow with n² but for one block of weights and the model's own mask. Raises UserError for a
    model that does not tell what its weights follow from, see `KeptCalls`.
    """
    calls = KeptCalls(model, encoding)
    found = survey(model, encoding, also=_Told(calls, model, len(encoding), progress))
    return LongReading(model, encoding, found, calls)


class _Told:
    """Tells how far a pass is."""

    def __init__(self, calls: KeptCalls, model: AttentionModel, n: int, progress: Callable[[float, str], object]):
        self._calls, self._progress, self._n = calls, progress, n
        self._places = {layer: place for place, layer in enumerate(model.numbers)}

    def block(self, block: Block) -> None:
        self._calls.block(block)
        place, layers = self._places[block.layer], len(self._places)
        # Of a causal layer a row is as much work as it has keys.
        within = (block.rows.stop / self._n) ** (2 if block.weights.shape[-1] < self._n else 1)
        self._progress(
            (place + min(1.0, within)) / layers,
            f"Reading {counted(self._n, 'tokens')}: layer {place + 1} of {layers}",
        )
