"""The tokens that a model writes after a text, one after the other, each with what could have stood in its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from dashboard.analyses.writing.sampling import Sampling
from dashboard.capture import AttentionModel
from dashboard.capture.language import end_tokens, language_head
from dashboard.capture.next_token import NextToken
from dashboard.errors import UserError
from dashboard.models.lm_head import LanguageHead
from dashboard.text import Encoding
from dashboard.text.display import vocabulary_labels
from dashboard.text.encode import COLUMNS, row_of
from dashboard.text.stretches import continued, named, stretches_of

OTHERS = 5  # alternatives of a token
CONTEXT = 32  # tokens before the new ones that are spelled with them: spaces depend on what stands before


@dataclass(frozen=True)
class Alternative:
    """A token that could have been written: its number in the vocabulary, its label, its probability."""

    id: int
    label: str
    p: float


@dataclass(frozen=True)
class WrittenToken:
    """A token that the model wrote.

    Attributes
    ----------
    place: which of the written tokens, from 0
    id, label: its number in the vocabulary, and what a person reads
    p: its probability by the model's own softmax (temperature 1, whole vocabulary)
    rank: 1 for the most probable token
    others: the `OTHERS` most probable tokens besides it, the most probable first
    ends: whether it is an end-of-text token, after which nothing is written
    """

    place: int
    id: int
    label: str
    p: float
    rank: int
    others: tuple[Alternative, ...]
    ends: bool = False


@dataclass(frozen=True, eq=False)
class Written:
    """A text and what a model wrote after it.

    Attributes
    ----------
    prompt: the text as the model read it, without the special tokens that close it
    tokens: what was written
    sampling: how the tokens were chosen
    encoding: prompt and written tokens together, as the model read them; `encoding.text` is the whole text
    name, revision, model: what opens the model, its commit, its title
    bos: whether a start token was asked for
    """

    prompt: Encoding
    tokens: tuple[WrittenToken, ...]
    sampling: Sampling
    encoding: Encoding
    name: str
    revision: str
    model: str
    bos: bool = True

    @property
    def text(self) -> str:
        """What was written, as text."""
        return self.encoding.text[len(self.prompt.text) :]

    @property
    def ids(self) -> tuple[int, ...]:
        """The numbers of the written tokens in the vocabulary."""
        return tuple(token.id for token in self.tokens)

    @property
    def ended(self) -> bool:
        """Whether the model ended its text."""
        return bool(self.tokens) and self.tokens[-1].ends

    def position(self, place: int) -> int:
        """The position of a written token among all tokens, from 0. Raises UserError for one that does not exist."""
        if not 0 <= place < len(self.tokens):
            raise UserError(f"There is no written token {place}: {len(self.tokens)} are written, counted from 0.")
        return len(self.prompt) + place

    @cached_property
    def table(self) -> pd.DataFrame:
        """A row per written token: place (from 0), position (among all tokens), token, id, p, rank, and for its
        alternatives other_1 and p_other_1 to other_5 and p_other_5."""
        rows = []
        for token in self.tokens:
            row: dict[str, object] = {
                "place": token.place,
                "position": self.position(token.place),
                "token": token.label,
                "id": token.id,
                "p": token.p,
                "rank": token.rank,
            }
            for k, other in enumerate(token.others, 1):
                row |= {f"other_{k}": other.label, f"p_other_{k}": other.p}
            rows.append(row)
        return pd.DataFrame(rows)


def writer_of(model: AttentionModel) -> LanguageHead:
    """The head that predicts the next token. Raises UserError for a model that predicts none."""
    head = language_head(model) if model.causal else None
    if head is None:
        raise UserError(
            f"{model.title} predicts no next word, so it writes nothing. Choose a causal language model, like smollm2."
        )
    return head


def open_ended(encoding: Encoding) -> Encoding:
    """The text without the special tokens that a tokenizer puts at its end. Raises UserError for a text cut off."""
    if encoding.left_out:
        raise UserError(
            f"The text is too long to write on: its last {encoding.left_out:,} tokens are not read. Use a shorter text."
        )
    end = len(encoding)
    while end > 1 and encoding.special[end - 1] and encoding.spans[end - 1][0] == encoding.spans[end - 1][1]:
        end -= 1
    return encoding if end == len(encoding) else replace(encoding, **_cut(encoding, end))


def written_tokens(
    model: AttentionModel, prompt: Encoding, count: int, sampling: Sampling, already: Sequence[int] = ()
) -> Iterator[WrittenToken]:
    """The tokens after a prompt (see `open_ended`), each as soon as the model has chosen it, until there are `count`.

    Fewer where the model ends its text, or takes no longer one.
    already: the numbers of those that were written before; the first new one is number len(already)
    Raises UserError for a model that predicts no next token, and as `AttentionModel.run`.
    """
    head, tokenizer = writer_of(model), model.loaded.tokenizer
    ends = end_tokens(model, head)
    running = NextToken(model, head, [*prompt.ids, *already])
    for place in range(len(already), count):
        if len(running.ids) >= model.limit:
            return
        logits = running.logits().numpy()
        token = sampling.choose(logits, place)
        yield _described(tokenizer, logits, token, place, token in ends)
        if token in ends:
            return
        running.add(token)


def written_of(
    model: AttentionModel, prompt: Encoding, tokens: Sequence[WrittenToken], sampling: Sampling, *, bos: bool = True
) -> Written:
    """What was written after a prompt, with prompt and written tokens together as one encoding."""
    whole = _continued(model, prompt, tokens)
    return Written(prompt, tuple(tokens), sampling, whole, model.name, model.revision, model.title, bos)


def spelled(model: AttentionModel, prompt: Encoding, ids: Sequence[int]) -> str:
    """Written tokens as text, as they stand after the prompt; bytes of a character that is not whole yet left out."""
    before = list(prompt.ids[-CONTEXT:])
    decode, how = model.loaded.tokenizer.decode, {"skip_special_tokens": False, "clean_up_tokenization_spaces": False}
    start, whole = decode(before, **how), decode([*before, *ids], **how)
    text = whole[len(start) :] if whole.startswith(start) else decode(list(ids), **how)
    return text.rstrip("\ufffd")


def _described(tokenizer, logits: np.ndarray, token: int, place: int, ends: bool) -> WrittenToken:
    order = np.argpartition(-logits, min(OTHERS + 1, len(logits) - 1))[: OTHERS + 1]
    order = [one for one in order[np.argsort(-logits[order], kind="stable")].tolist() if one != token][:OTHERS]
    whole = np.logaddexp.reduce(logits)
    p = np.exp(logits[[token, *order]] - whole).tolist()
    label, *labels = vocabulary_labels(tokenizer, [token, *order])
    others = tuple(Alternative(*one) for one in zip(order, labels, p[1:], strict=True))
    return WrittenToken(place, token, label, p[0], 1 + int((logits > logits[token]).sum()), others, ends)


def _continued(model: AttentionModel, prompt: Encoding, tokens: Sequence[WrittenToken]) -> Encoding:
    """Prompt and written tokens, an end-of-text token left out, as one encoding with the very ids."""
    tokens = [token for token in tokens if not token.ends]
    ids = [token.id for token in tokens]
    text = continued(prompt.text, spelled(model, prompt, ids))
    tokenizer, rows, end = model.loaded.tokenizer, [], len(prompt.text)
    spellings = tokenizer.convert_ids_to_tokens(ids)
    for k, token in enumerate(tokens):
        start, end = end, max(end, len(prompt.text) + len(spelled(model, prompt, ids[: k + 1])))
        spelling = spellings[k] or token.label
        rows.append(row_of(tokenizer, text, token.id, spelling, token.label, (start, min(end, len(text)))))
    columns = {name: getattr(prompt, name) + tuple(row[k] for row in rows) for k, name in enumerate(COLUMNS)}
    stretches = named(stretches_of(text, tokenizer), columns["spans"])
    return replace(prompt, text=text, **columns, **_types(prompt, len(rows)), stretches=stretches)


def _cut(encoding: Encoding, end: int) -> dict[str, tuple]:
    names = (*COLUMNS, "types", "segments", "stretches")
    return {name: getattr(encoding, name)[:end] for name in names}


def _types(prompt: Encoding, more: int) -> dict[str, tuple]:
    return {name: kept + kept[-1:] * more for name in ("types", "segments") if (kept := getattr(prompt, name))}
