"""What each layer does to the words of a text: how far their vectors move, by which part, and the nearest words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch

from dashboard.capture import AttentionModel
from dashboard.capture.residual_stream import Step, follow
from dashboard.errors import UserError
from dashboard.text.display import marked
from dashboard.text.encoding import Encoding, Special, Unit

NEAREST = 5  # neighbours for each word and layer
FEWEST = 3  # words; for fewer, nearness has no meaning: two centred vectors always have opposite directions


@dataclass(frozen=True)
class Measure:
    """A measure of what a layer does to a word.

    name: in addresses and columns; title: in a menu; share: drawn from 0 to 100 %, else as a multiple
    help: its formula in words
    """

    name: str
    title: str
    share: bool
    help: str


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "moved",
            "How far it moves",
            False,
            "Length of the change, divided by the length of the vector before the layer: ‖change‖ / ‖before‖, from "
            "0. At 1, the change is as long as the vector.",
        ),
        Measure(
            "turned",
            "How far it turns",
            False,
            "1 minus the cosine of the vector before and after the layer. 0: the same direction; 1: a right angle; "
            "2: reversed.",
        ),
        Measure(
            "attention_share",
            "Attention’s part",
            True,
            "The share of the change that comes from attention, by projection; in a decoder with an encoder, from self "
            "attention. The shares of all parts sum to 100 %. A part that works against the change is below 0.",
        ),
        Measure(
            "cross_attention_share",
            "Cross attention’s part",
            True,
            "The share of the change that comes from the source through cross attention, by projection. The shares of "
            "all parts sum to 100 %. A part that works against the change is below 0.",
        ),
    )
}
PARTS = ("attention", "cross_attention", "feed_forward", "normalisation")


@dataclass(frozen=True, eq=False)
class ResidualStream:
    """The residual stream of a text: what L layers do to the vectors of m positions.

    Attributes
    ----------
    labels, special, unknown, stretches: of the positions, as on the axis of a map (m)
    unit, hidden, text, model, name, revision: how the text was read, and by which model (`hidden` as in a HeadView)
    normalises: whether the model normalises the stream itself, which makes one more part
    numbers: by name, float32 (L, m), see `Streaming`; `moved`, `turned`, `attention`, `feed_forward`, `normalisation`,
        of a decoder with an encoder `cross_attention`, and their shares `attention_share` …
    words: the positions that are words (w); special positions cannot be neighbours
    near, cosine: for each word, its nearest words before the first layer and after each layer: places in `words` and
        cosines, (L + 1, w, k), the nearest first; k is 0 for a text of fewer than 3 words
    start, whole: in a window, the first position and the number of positions of the whole text
    reading: how the text was read (bos, limit), for the lines that reproduce it
    part, source: "decoder" and what its encoder read; "" of any other model
    """

    labels: tuple[str, ...]
    special: tuple[bool, ...]
    unit: Unit
    hidden: Special
    text: str
    model: str
    name: str
    revision: str
    normalises: bool
    numbers: dict[str, np.ndarray]
    words: np.ndarray
    near: np.ndarray
    cosine: np.ndarray
    start: int = 0
    whole: int | None = None
    reading: dict[str, Any] = field(default_factory=dict)
    unknown: tuple[int, ...] = ()
    stretches: tuple[str, ...] = ()
    part: str = ""
    source: str = ""

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """The labels as a picture shows them, with characters unknown to the tokenizer marked."""
        return marked(self.labels, self.unknown)

    @property
    def layers(self) -> int:
        return len(self.numbers["moved"])

    @property
    def letter(self) -> str:
        """How its layers are written: L, of a decoder with an encoder D."""
        return "D" if self.part else "L"

    @property
    def measures(self) -> list[str]:
        """Which of `MEASURES` there are."""
        return [name for name in MEASURES if name in self.numbers]

    @property
    def made_of(self) -> list[str]:
        """The parts of a change, of `PARTS`."""
        return [part for part in PARTS if part in self.numbers and (self.normalises or part != "normalisation")]

    def window(self, start: int, stop: int) -> ResidualStream:
        """Only the positions `start` … `stop - 1`, for a picture; neighbours stay those of the whole text."""
        cut = slice(start, stop)
        return replace(
            self,
            labels=self.labels[cut],
            special=self.special[cut],
            unknown=self.unknown[cut],
            stretches=self.stretches[cut],
            start=start,
            whole=len(self),
            numbers={name: values[:, cut] for name, values in self.numbers.items()},
        )

    def mean(self, name: str) -> np.ndarray:
        """The mean over the words, without special positions: (L); NaN if there are no words."""
        values = self.numbers[name][:, self.words]
        return values.mean(1) if values.size else np.full(self.layers, np.nan, np.float32)

    def known(self, place: int) -> str:
        """The label of a word; with its place in the text, from 1, if it occurs more than once."""
        label = self.drawn[place]
        return f"{label} ({place + 1})" if self.drawn.count(label) > 1 else label

    def table(self) -> pd.DataFrame:
        """A row per layer and position: layer, position, text, then a column per number; if the tokenizer did not know
        some characters also unknown: the number of unknown tokens."""
        layers, m = self.numbers["moved"].shape
        columns = {
            "layer": np.repeat(np.arange(layers), m),
            "position": np.tile(np.arange(self.start, self.start + m), layers),
            "text": np.tile(np.array(self.labels, object), layers),
        }
        columns |= {"unknown": np.tile(self.unknown, layers)} if any(self.unknown) else {}
        return pd.DataFrame(columns | {name: values.ravel() for name, values in self.numbers.items()})

    def parts(self, place: int | None = None) -> pd.DataFrame:
        """A row per layer and part of `made_of`: layer, part, size (its length relative to the vector before the
        layer), share (of the change). For one position, or the mean over the words."""
        rows = []
        for part in self.made_of:
            size, share = (
                self.mean(name) if place is None else self.numbers[name][:, place] for name in (part, f"{part}_share")
            )
            rows.append(pd.DataFrame({"layer": range(self.layers), "part": part, "size": size, "share": share}))
        return pd.concat(rows, ignore_index=True)

    def neighbours(self, place: int) -> pd.DataFrame:
        """The nearest words of a word, a row per stage and rank: stage (0 before the first layer, l + 1 after layer l),
        rank (from 1), position, text, cosine; unknown as in `table`. Empty for a special position and for a text of
        fewer than 3 words."""
        found = np.flatnonzero(self.words == place)
        stages, _, k = self.near.shape
        if not found.size or not k:
            return pd.DataFrame(columns=["stage", "rank", "position", "text", "cosine"])
        positions = self.words[self.near[:, found[0]]].ravel()
        return pd.DataFrame(
            {
                "stage": np.repeat(np.arange(stages), k),
                "rank": np.tile(np.arange(1, k + 1), stages),
                "position": positions,
                "text": [self.known(int(position)) for position in positions],
                "cosine": self.cosine[:, found[0]].ravel(),
            }
            | ({"unknown": np.array(self.unknown)[positions]} if any(self.unknown) else {})
        )


@dataclass
class Streaming:
    """Follower: computes the numbers of `ResidualStream`, layer by layer, without keeping vectors.

    A word's vector is the mean over its tokens, and so are the parts added to it. With x before, x' after, the change
    Δ = x' - x and a part p of it (see `dashboard.capture.residual_stream.Step`); NaN where one of them is zero:

    - moved = ‖Δ‖ / ‖x‖, turned = 1 - cos(x, x'), each part's length ‖p‖ / ‖x‖
    - each part's share of the change, (p · Δ) / (Δ · Δ); the shares sum to 1, but may lie outside [0, 1]
    - near: the k words with the highest cos(x' - c, y' - c), c the mean of the text's words at that stage
    """

    members: torch.Tensor
    sizes: torch.Tensor
    words: torch.Tensor
    rows: list[dict[str, np.ndarray]] = field(default_factory=list)
    near: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)
    normalises: bool = False

    def step(self, step: Step) -> None:
        before, after = self._words(step.before), self._words(step.after)
        change = after - before
        length, square = before.norm(dim=-1), (change * change).sum(-1)
        turned = 1 - (before * after).sum(-1) / (length * after.norm(dim=-1))
        numbers = {"moved": square.sqrt() / length, "turned": turned}
        for name in PARTS:
            if (added := getattr(step, name)) is None:
                continue
            part = self._words(added)
            numbers[name] = part.norm(dim=-1) / length
            numbers[f"{name}_share"] = (part * change).sum(-1) / square
        self.normalises |= bool((numbers["normalisation"][self.words] > 1e-4).any())
        finite = {name: torch.where(values.isfinite(), values, torch.nan) for name, values in numbers.items()}
        self.rows.append({name: values.float().cpu().numpy() for name, values in finite.items()})
        if not self.near:
            self.near.append(self._nearest(before))
        self.near.append(self._nearest(after))

    def _words(self, vectors: torch.Tensor) -> torch.Tensor:
        """(n, D) for tokens → (m, D) for positions, in double precision."""
        total = torch.zeros(len(self.sizes), vectors.shape[-1], dtype=torch.float64, device=vectors.device)
        return total.index_add_(0, self.members, vectors.double()) / self.sizes[:, None]

    def _nearest(self, vectors: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        own = vectors[self.words]
        k = min(NEAREST, len(own) - 1) if len(own) >= FEWEST else 0
        if not k:
            return np.zeros((len(own), 0), int), np.zeros((len(own), 0), np.float32)
        own = torch.nn.functional.normalize(own - own.mean(0), dim=-1).float()
        cosines, places = (own @ own.T).fill_diagonal_(-torch.inf).topk(k)
        return places.cpu().numpy(), cosines.cpu().numpy()


def residual_stream(
    model: AttentionModel, encoding: Encoding, *, unit: Unit = "words", special: Special = "hide"
) -> ResidualStream:
    """What each layer does to the vectors of a text, in one forward pass that holds one layer at a time.

    unit: "words" (the mean over a word's tokens) or "tokens". special: whether special positions are listed too; they
    never count in a mean or as neighbours. Of a decoder and of its cross attention it is the decoder's stream. Raises
    UserError as `follow` does, and if no position is left.
    """
    axis = encoding.axis(unit)
    visible = [place for place in range(len(axis.labels)) if special == "show" or not axis.special[place]]
    if not visible:
        raise UserError("Without its special tokens nothing is left of this text. Show them, or type some words.")
    place_of = {token: place for place, position in enumerate(visible) for token in axis.members[position]}
    device = next(model.loaded.model.parameters()).device
    # Hidden positions are gathered at one extra place, which is cut off at the end.
    members = torch.tensor([place_of.get(token, len(visible)) for token in range(len(encoding))], device=device)
    sizes = torch.bincount(members, minlength=len(visible) + 1).clamp(min=1).double()
    words = np.array([k for k, position in enumerate(visible) if not axis.special[position]], int)
    found = Streaming(members, sizes, torch.as_tensor(words, device=device))
    follow(model, encoding, found)
    return ResidualStream(
        labels=tuple(axis.labels[place] for place in visible),
        special=tuple(axis.special[place] for place in visible),
        unknown=tuple(axis.unknown[place] for place in visible) if any(axis.unknown) else (),
        stretches=tuple(axis.stretches[place] for place in visible) if axis.stretches else (),
        unit=unit,
        hidden=special,
        text=encoding.texts[0],
        model=model.title,
        name=model.name,
        revision=model.revision,
        normalises=found.normalises,
        numbers={name: np.stack([row[name][: len(visible)] for row in found.rows]) for name in found.rows[0]},
        words=words,
        near=np.stack([places for places, _ in found.near]),
        cosine=np.stack([cosines for _, cosines in found.near]),
        part="decoder" if model.given else "",
        source=model.read_beside[1],
    )
