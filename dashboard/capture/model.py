"""A model whose attention can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from dashboard.capture import tap
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, every_head
from dashboard.models import Loaded, ModelSource
from dashboard.models.foreign import foreign
from dashboard.text import Encoding, ParsedSentence, encode, encode_sentence, encode_words, has_pairs

Route = Literal["tap", "eager"]


@dataclass(frozen=True, eq=False)
class AttentionModel:
    """A loaded model whose attention can be read, and all that a reader needs to know of it.

    Attributes
    ----------
    source, loaded: where it came from; the model and its tokenizer
    layers: how many layers it has, those without attention counted. Layers are spoken of by the model's own numbers,
        from 0
    numbers: the layers that have attention, in order: all of them in most models
    heads: how many heads each of these has, counted from 0
    causal: True where a position sees only itself and what stands before it (found out, not believed)
    limit: how many tokens a text may have
    route: "tap" where weights are read block by block inside the model's attention (see `dashboard.capture.tap`);
        "eager" where the library must build all maps at once
    hidden: whether its last vectors are handed out among its hidden states only (DPR)
    untried: a window or budget of its configuration that was too long to be tried, None where there is none
    """

    source: ModelSource
    loaded: Loaded
    layers: int
    numbers: tuple[int, ...]
    heads: int
    causal: bool
    limit: int
    route: Route
    hidden: bool = False
    untried: int | None = None

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def title(self) -> str:
        return self.source.title

    @property
    def revision(self) -> str:
        return self.source.revision

    @property
    def note(self) -> str | None:
        """What a person should know about how this model is read, None where there is nothing to say."""
        notes = list(self.loaded.notes)
        if len(self.numbers) < self.layers:
            notes.append(f"{self.title} has {self.extent}: {_listed(self.numbers)}.")
        if self.route == "eager":
            notes.append(
                f"{self.title} computes its attention in a way of its own, so all its maps are built at once: slower, "
                f"and only for texts of up to {self.limit:,} tokens."
            )
        if self.untried is not None:
            notes.append(
                f"Its configuration names a window or a budget of {self.untried:,} tokens. On longer texts its weights "
                "were not compared with the library's own when it was opened: that would take too long."
            )
        return " ".join(notes) or None

    @property
    def size(self) -> str:
        """Its layers and heads in words: "6 layers of 12 heads", or "attention in 1 of 3 layers, 12 heads each"."""
        return (
            f"{self.extent} of {self.heads} heads"
            if len(self.numbers) == self.layers
            else (f"{self.extent}, {self.heads} heads each")
        )

    @property
    def extent(self) -> str:
        """Its layers in words: "6 layers", or "attention in 1 of 3 layers"."""
        plural = "" if self.layers == 1 else "s"
        if len(self.numbers) == self.layers:
            return f"{self.layers} layer{plural}"
        return f"attention in {len(self.numbers)} of {self.layers} layers"

    def place(self, head: HeadId) -> int:
        """The place of a head among all that there are, from 0. Raises UserError as `check_head` does."""
        self.check_head(head)
        return self.numbers.index(head.layer) * self.heads + head.head

    @property
    def all_heads(self) -> tuple[HeadId, ...]:
        """Every head that there is, in order."""
        return tuple(every_head(self.numbers, self.heads))

    def check_head(self, head: HeadId) -> None:
        """Raises UserError for a head that the model does not have."""
        if head.letter != "L":
            raise UserError(
                f"{self.title} has no head {head}: it is no encoder–decoder model, so its heads are written like L2H9."
            )
        self._check(head.layer, f"head {head}")
        if not 0 <= head.head < self.heads:
            raise UserError(
                f"{self.title} has no head {head}: it has {self.heads} heads in a layer, counted from 0 to "
                f"{self.heads - 1}."
            )

    def check_layer(self, layer: int) -> None:
        """Raises UserError for a layer without attention, and a layer that the model does not have."""
        self._check(layer, f"layer {layer}")

    def _check(self, layer: int, which: str) -> None:
        if 0 <= layer < self.layers and layer not in self.numbers:
            raise UserError(
                f"Layer {layer} of {self.title} has no attention: it has {self.extent}. Choose {_listed(self.numbers)}."
            )
        if layer not in self.numbers:
            raise UserError(
                f"{self.title} has no {which}: it has {self.layers} layers, counted from 0 to {self.layers - 1}."
            )

    def check_every_layer(self, what: str) -> None:
        """Raises UserError where a layer has no attention. what: needs it in every layer, as in "… needs …"."""
        if len(self.numbers) < self.layers:
            raise UserError(
                f"{what} needs attention in every layer; {self.title} has {self.extent}. Choose another model for this."
            )

    def run(self, *args: torch.Tensor, **inputs: object):
        """One forward pass, with what the library's class returns. Whatever the model's own code raises becomes a
        UserError."""
        doing = f"Reading the text with {self.title}"
        with foreign(doing):
            try:
                return self.loaded.model(*args, **inputs)
            except tap.Unknown as unknown:
                raise UserError(f"{doing} stopped. {unknown}") from unknown

    def last_vectors(self, *args: torch.Tensor, **inputs: object) -> torch.Tensor:
        """The vectors after the last layer, (b, n, D), in one forward pass. Raises UserError as `run` does, and where
        the model hands out none."""
        output = self.run(*args, **inputs, **({"output_hidden_states": True} if self.hidden else {}))
        given = (getattr(output, "hidden_states", None) or [None])[-1] if self.hidden else output.last_hidden_state
        if given is None:
            raise UserError(
                f"{self.title} does not hand out its last vectors, so what its heads change in them cannot be "
                "measured. Choose another model for this."
            )
        return given

    def check_length(self, tokens: int) -> None:
        """Raises UserError for more tokens than the model takes."""
        if tokens > self.limit:
            raise UserError(
                f"The text has {tokens:,} tokens and {self.title} takes {self.limit:,}. Use a shorter text."
            )

    def encode(
        self,
        text: str,
        *,
        bos: bool = True,
        limit: int | None = None,
        pair: str | None = None,
        as_words: bool = False,
    ) -> Encoding:
        """The text as this model sees it, cut at `limit` or the model's own limit, whichever is lower.

        `bos=False` leaves out the beginning-of-sequence token that we put before a causal model's text where its
        tokenizer sets none (METRICS §0). `pair` is a second text, read with the first as the tokenizer encodes pairs.
        as_words: the text is divided at white space and its words go to the tokenizer one by one, none cut off.
        Raises UserError for a text without any token, where the tokenizer knows no pairs, and for too many words.
        """
        if as_words:
            return self._words(text, bos, pair)
        limit = self.limit if limit is None else min(limit, self.limit)
        tokenizer, how = self.loaded.tokenizer, {"causal": self.causal, "bos": bos}
        with foreign(f"Splitting the text into tokens for {self.title}"):
            return self._known(encode(text, tokenizer, limit=limit, pair=pair, **how))

    @property
    def has_pairs(self) -> bool:
        """Whether the tokenizer divides the two texts of a sentence pair by special tokens."""
        return has_pairs(self.loaded.tokenizer)

    def _words(self, text: str, bos: bool, pair: str | None) -> Encoding:
        if pair is not None:
            raise UserError("A sentence pair is read as text. Leave the second text out, or do not read it as words.")
        with foreign(f"Splitting the words into tokens for {self.title}"):
            encoding = self._known(encode_words(text.split(), self.loaded.tokenizer, causal=self.causal, bos=bos))
        self.check_length(len(encoding))
        return encoding

    def encode_sentence(self, sentence: ParsedSentence, *, bos: bool = True, as_words: bool = False) -> Encoding:
        """A parsed sentence as this model sees it, with the words of its parse, whole: it may be longer than `limit`.

        as_words: the words go to the tokenizer one by one, not the text as it was written
        Raises UserError for a sentence without any token.
        """
        tokenizer, how = self.loaded.tokenizer, {"causal": self.causal, "bos": bos, "as_words": as_words}
        with foreign(f"Splitting a sentence into tokens for {self.title}"):
            return self._known(encode_sentence(sentence, tokenizer, **how))

    def _known(self, encoding: Encoding) -> Encoding:
        """The encoding itself. Raises UserError for a token that the model has no row for."""
        rows = self.loaded.rows
        if rows is not None and (highest := max(encoding.ids)) >= rows:
            raise UserError(
                f"The token “{encoding.pieces[encoding.ids.index(highest)]}” has the id {highest:,}, and the weights "
                f"of {self.title} know {rows:,} tokens. Leave it out of the text, or mend the model with "
                "model.resize_token_embeddings(len(tokenizer))."
            )
        return encoding


def _listed(numbers: tuple[int, ...]) -> str:
    """Layers in words: "layer 1", "layers 0, 2 and 4"."""
    *first, last = map(str, numbers)
    return f"layers {', '.join(first)} and {last}" if first else f"layer {last}"
