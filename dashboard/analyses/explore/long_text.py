"""All heads over a text of any length: their scores, and any part of any head's map, from one forward pass."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from dashboard.analyses.explore.kept_calls import MOST_HELD, KeptCalls
from dashboard.analyses.scores.pattern_scores import queries
from dashboard.analyses.scores.survey import Survey, survey
from dashboard.capture import AttentionModel, Block
from dashboard.errors import UserError
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId
from dashboard.heads.head_rows import HeadRows
from dashboard.heads.make_view import view_in
from dashboard.heads.view import HeadView, existing_head
from dashboard.text.encoding import Encoding, Special, Unit

PATTERNS = {
    "self": "the token itself",
    "previous": "the previous token",
    "next": "the next token",
    "special": "special tokens",
    "first": "the first token",
    "same_token": "other places of the same token",
}
LEAST_SHARE = 0.25  # a pattern is named if it gets at least this share


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
        kept = self.calls.of_head(head)
        return HeadRows(
            head=head,
            encoding=self.encoding,
            unit=unit,
            hidden=special,
            causal=self.model.causal,
            model=self.model.title,
            of_tokens=kept.rows,
            allowed=kept.allowed if kept.masked else None,
            name=self.model.name,
            revision=self.model.revision,
        )

    def view(self, head: HeadId, *, unit: Unit = "tokens", special: Special = "show") -> HeadView:
        """A head's whole map, as `dashboard.attention` gives it. Raises UserError as that does."""
        head, every = existing_head(self.model, head), slice(0, len(self.encoding))
        kept = self.calls.of_head(head)
        mask = kept.allowed(every) if kept.masked else None
        return view_in(self.model, self.encoding, head, kept.rows(every), unit=unit, special=special, mask=mask)

    def finding(self, head: HeadId) -> str:
        """One sentence about what the head does on this text: the pattern of tokens with the most attention, by the
        scores of METRICS §1; if none gets a quarter, how far it spreads."""
        table = self.survey.scores
        scores = table[(table["layer"] == head.layer) & (table["head"] == head.head)].iloc[0]
        shares = {name: float(scores[name]) for name in PATTERNS if scores[name] == scores[name]}
        best = max(shares, key=lambda name: shares[name], default="")
        counts = counted(int(queries(self.encoding.special, self.model.causal).sum()), "tokens")
        if not best or shares[best] < LEAST_SHARE:
            return (
                f"No simple pattern stands out in {head}: it spreads over {percent(float(scores['spread']))} of the "
                f"keys (mean over {counts}), {scores['distance']:,.0f} tokens away on average."
            )
        where = PATTERNS[best]
        if best == "first":
            where += f", “{self.encoding.labels[0]}”"
        return f"{head} gives {percent(shares[best])} of its attention to {where} (mean over {counts})."


def read_long(
    model: AttentionModel,
    encoding: Encoding,
    progress: Callable[[float, str], object] = lambda fraction, sentence: None,
    *,
    layers: Collection[int] | None = None,
    most_held: int = MOST_HELD,
) -> LongReading:
    """One forward pass over the text, of whatever length the model takes.

    layers: only of these (default: of all); the scores of others are NaN
    most_held: bytes of masks and position biases
    progress: is told how far it is, at least once a layer, and may raise to end the pass

    Extra memory does not grow with n² but for one block of weights and the model's own mask. Raises UserError for a
    model that does not tell what its weights follow from, see `KeptCalls`, and for cross attention.
    """
    if model.part == "cross":
        raise UserError(
            "Cross attention looks from one text to another, and a long text is drawn over itself. Draw it "
            "as a heatmap."
        )
    calls = KeptCalls(model, encoding, most_held)
    found = survey(model, encoding, also=_Told(calls, model, len(encoding), progress), layers=layers)
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
