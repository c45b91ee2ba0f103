"""A model whose attention can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import torch

from dashboard.capture import tap
from dashboard.capture.maps import extent, which_heads
from dashboard.capture.maps.which_heads import HEADS_OF
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, Part, heads_by_layer
from dashboard.models import Loaded, ModelSource
from dashboard.models.characters import reads_characters
from dashboard.models.foreign import foreign
from dashboard.text import Encoding, ParsedSentence, encode, encode_sentence, encode_words, has_pairs
from dashboard.text.target import as_target

if TYPE_CHECKING:
    from dashboard.capture.encoder_decoder import EncoderDecoder, Given

Route = Literal["tap", "eager", "file"]


@dataclass(frozen=True, eq=False)
class AttentionModel:
    """A loaded model whose attention can be read, and all that a reader needs to know of it.

    Attributes
    ----------
    source, loaded: where it came from; the model and its tokenizer
    layers: how many layers it has, those without attention counted. Layers are spoken of by the model's own numbers,
        from 0
    numbers: the layers that have attention over all tokens, in order: all of them in most models
    pooled: those that attend over fewer tokens than a text has, and are not shown (Funnel, CANINE)
    heads: how many heads each of these has, counted from 0; the most, where layers have different numbers (Laguna)
    fewer: the layers that have fewer heads, and how many
    causal: True where a position sees only itself and what stands before it (found out, not believed)
    limit: how many tokens a text may have
    route: "tap" where weights are read block by block inside the model's attention (see `dashboard.capture.tap`);
        "eager" where the library must build all maps at once; "file" where they are read from a file
    hidden: whether its last vectors are handed out among its hidden states only (DPR)
    untried: a window or budget of its configuration that was too long to be tried, None where there is none
    part: which part of an encoder–decoder model this is, "" of any other
    calls: the number of the layer at each call of the tap in a pass, `tap.ANOTHER` where another part's layer calls
    start: the token that a target begins with, −1 where that is its own last one; None for what reads no target
    whole: the encoder–decoder model that this is a part of, see `dashboard.capture.encoder_decoder.of_part`
    given: for a decoder and its cross attention, the source
    own_text: of a file of weights the text that they are over, None for a model, which reads any
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
    part: Part = ""
    calls: tuple[int, ...] = ()
    start: int | None = None
    whole: EncoderDecoder | None = field(default=None, repr=False)
    given: Given | None = field(default=None, repr=False)
    own_text: Encoding | None = field(default=None, repr=False)
    pooled: tuple[int, ...] = ()
    fewer: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.calls:
            object.__setattr__(self, "calls", self.numbers)

    @cached_property
    def alone(self) -> bool:
        """Whether texts of different lengths are read one by one, as padding would change them: tried on first use."""
        from dashboard.capture.padding import changed_by_padding

        return self.part not in ("decoder", "cross") and changed_by_padding(self)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of an encoder–decoder model; () of any other."""
        return ("encoder", "decoder", "cross") if self.whole else ()

    @property
    def predicts_next(self) -> bool:
        """Whether it predicts the next token: a causal model does, and both attentions of a decoder."""
        return self.causal or self.start is not None

    @property
    def source_text(self) -> Encoding | None:
        """What the tokens of a text look at, where that is another text: the source, of cross attention."""
        return self.given.source if self.given and self.part == "cross" else None

    @property
    def read_beside(self) -> tuple[str, str]:
        """The part and its source, which a result keeps to open it again; ("", "") of a model without a source."""
        return (self.part, self.given.source.text) if self.given else ("", "")

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
            notes.append(extent.note(self.title, self.layers, self.numbers, self.pooled))
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
    def network(self) -> Any:
        """The whole network of the library, of which this may be a part."""
        return self.whole.root if self.whole else self.loaded.model

    @property
    def size(self) -> str:
        """Its layers and heads in words: "6 layers of 12 heads", or "attention in 1 of 3 layers, 12 heads each"."""
        every = len(self.numbers) == self.layers
        heads = which_heads.in_words(self)
        return f"{self.extent} of {heads} heads" if every else f"{self.extent}, {heads} heads each"

    @property
    def extent(self) -> str:
        """Its layers in words: "6 layers", or "attention in 1 of 3 layers"."""
        return extent.extent(self.layers, self.numbers, self.pooled)

    def place(self, head: HeadId) -> int:
        """The place of a head among all that there are, from 0. Raises UserError as `check_head` does."""
        self.check_head(head)
        before = self.numbers[: self.numbers.index(head.layer)]
        return sum(map(self.heads_of, before)) + head.head

    def heads_of(self, layer: int) -> int:
        """How many heads a layer has."""
        return self.fewer.get(layer, self.heads)

    @property
    def all_heads(self) -> tuple[HeadId, ...]:
        """Every head that there is, in order."""
        return tuple(heads_by_layer({layer: self.heads_of(layer) for layer in self.numbers}, self.part))

    def check_head(self, head: HeadId) -> None:
        """Raises UserError for a head that the model does not have."""
        which_heads.check(self, head)

    def check_layer(self, layer: int, which: str = "") -> None:
        """Raises UserError for a layer without a map of all tokens, and a layer that the model does not have. which:
        what was asked for, if not the layer itself"""
        extent.check(self.title, layer, self.layers, self.numbers, self.pooled, which or f"layer {layer}")

    def check_every_layer(self, what: str) -> None:
        """Raises UserError where a layer has no map of all tokens. what: needs one in every layer."""
        extent.check_every(self.title, self.layers, self.numbers, self.pooled, what)

    def run(self, *args: torch.Tensor, **inputs: object):
        """One forward pass, with what the library's class returns. Whatever the model's own code raises becomes a
        UserError."""
        doing = f"Reading the text with {self.title}"
        if self.given is not None:
            batch = next(iter((*args, *(one for one in inputs.values() if isinstance(one, torch.Tensor))))).shape[0]
            inputs["encoder_hidden_states"] = self.given.vectors.expand(batch, -1, -1)
        elif self.start is not None:
            raise UserError(
                f"The {HEADS_OF[self.part]} of {self.title} read a target together with a source. Give both."
            )
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
        ids = next(iter((*args, *(one for one in inputs.values() if isinstance(one, torch.Tensor)))))
        if given.shape[1] != ids.shape[1]:
            raise UserError(
                f"{self.title} ends in pooled tokens, {given.shape[1]} for {ids.shape[1]}, so what its heads change in "
                "the last vectors cannot be measured for each token. Choose another model for this."
            )
        return given

    @property
    def token_table(self) -> torch.nn.Embedding | None:
        """The vectors of its tokens before the first layer; None where they are made of hashes (CANINE)."""
        if reads_characters(self.loaded.tokenizer):
            return None
        return self.loaded.model.get_input_embeddings()

    def check_length(self, tokens: int) -> None:
        """Raises UserError for more tokens than the model takes, and for fewer than it pools into one."""
        least = getattr(self.loaded.model.config, "downsampling_rate", 1) if self.pooled else 1
        if tokens < least:
            raise UserError(f"The text has {tokens} tokens and {self.title} pools {least} into one. Use a longer text.")
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
        if pair is not None and self.start is not None:
            raise UserError("A target is one text. Leave the second text out.")
        limit = (self.limit if limit is None else min(limit, self.limit)) - (self.start is not None)
        tokenizer, how = self.loaded.tokenizer, self._how(bos)
        with foreign(f"Splitting the text into tokens for {self.title}"):
            return self._known(encode(text, tokenizer, limit=limit, pair=pair, **how))

    @property
    def has_pairs(self) -> bool:
        """Whether the tokenizer divides the two texts of a sentence pair by special tokens."""
        return self.start is None and has_pairs(self.loaded.tokenizer)

    def _how(self, bos: bool) -> dict[str, bool]:
        """How a text is encoded: a target gets its own start."""
        return {"causal": self.causal and self.start is None, "bos": bos}

    def _words(self, text: str, bos: bool, pair: str | None) -> Encoding:
        if pair is not None:
            raise UserError("A sentence pair is read as text. Leave the second text out, or do not read it as words.")
        with foreign(f"Splitting the words into tokens for {self.title}"):
            encoding = self._known(encode_words(text.split(), self.loaded.tokenizer, **self._how(bos)))
        self.check_length(len(encoding))
        return encoding

    def encode_sentence(self, sentence: ParsedSentence, *, bos: bool = True, as_words: bool = False) -> Encoding:
        """A parsed sentence as this model sees it, with the words of its parse, whole: it may be longer than `limit`.

        as_words: the words go to the tokenizer one by one, not the text as it was written
        Raises UserError for a sentence without any token.
        """
        tokenizer, how = self.loaded.tokenizer, self._how(bos)
        with foreign(f"Splitting a sentence into tokens for {self.title}"):
            return self._known(encode_sentence(sentence, tokenizer, as_words=as_words, **how))

    def _known(self, encoding: Encoding) -> Encoding:
        """The encoding, of a target with its start. Raises UserError for a token that the model has no row for."""
        rows = self.loaded.rows
        if self.start is not None:
            encoding = as_target(encoding, self.start, self.loaded.tokenizer)
        if rows is not None and (highest := max(encoding.ids)) >= rows:
            raise UserError(
                f"The token “{encoding.pieces[encoding.ids.index(highest)]}” has the id {highest:,}, and the weights "
                f"of {self.title} know {rows:,} tokens. Leave it out of the text, or mend the model with "
                "model.resize_token_embeddings(len(tokenizer))."
            )
        return encoding
