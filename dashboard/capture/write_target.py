"""What an encoder–decoder writes for a source: greedily, or by a search over several beams."""

from __future__ import annotations

from typing import Any, cast

import torch
from transformers import (
    EncoderNoRepeatNGramLogitsProcessor,
    ForcedBOSTokenLogitsProcessor,
    ForcedEOSTokenLogitsProcessor,
    LogitsProcessorList,
    MinLengthLogitsProcessor,
    MinNewTokensLengthLogitsProcessor,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SuppressTokensAtBeginLogitsProcessor,
    SuppressTokensLogitsProcessor,
)

from dashboard.capture.language import end_tokens, language_head
from dashboard.capture.model import AttentionModel
from dashboard.errors import UserError
from dashboard.models.lm_head import LanguageHead

MOST_BEAMS = 8
_NEVER = -1e9  # as the library has it: a score that no text has


@torch.inference_mode()
def write_target(decoder: AttentionModel, most: int = 60, *, beams: int = 1) -> str:
    """The target that a model writes for the source of its decoder, as the library's `generate(num_beams=beams)` does,
    with what the model's own settings force, forbid or penalise.

    Parameters
    ----------
    decoder: from `of_part`
    most: the number of tokens at most, the one that the target begins with counted
    beams: 1 takes the most probable token at each step; more (to 8) keep so many texts, and give the finished one with
        the largest mean log-probability (by the length penalty of the model's own settings)

    Raises UserError where the model predicts nothing, and for another number of beams.
    """
    if not 1 <= beams <= MOST_BEAMS:
        raise UserError(f"A search has 1 to {MOST_BEAMS} beams, not {beams:,}. Choose one of these.")
    head, tokenizer = language_head(decoder), decoder.loaded.tokenizer
    if head is None or decoder.start is None:
        raise UserError(f"{decoder.title} has no language-model head, so it writes nothing. Type a target.")
    search = _Search(decoder, head, min(most, decoder.limit))
    return tokenizer.decode(search.greedy() if beams == 1 else search.best(beams), skip_special_tokens=True).strip()


class _Search:
    """Texts of one decoder, which go on token by token.

    start: the token that they begin with; ends: those that end them; most: tokens at most
    """

    def __init__(self, decoder: AttentionModel, head: LanguageHead, most: int):
        self.decoder, self.head, self.most = decoder, head, most
        self.start = decoder.encode("a").ids[0]  # every target begins with it: of mBART the language
        self.ends = sorted(end_tokens(decoder, head))
        self.device = next(decoder.loaded.model.parameters()).device
        self.settings: Any = head.settings
        self.processed = LogitsProcessorList(self._processors())

    def _processors(self) -> list[Any]:
        """What the model's own settings force, forbid or make rarer, in the library's order."""
        found: list[Any] = []
        on = {"device": str(self.device)}
        if penalty := self._set("repetition_penalty"):
            found.append(RepetitionPenaltyLogitsProcessor(penalty))
        if ngram := self._set("no_repeat_ngram_size"):
            found.append(NoRepeatNGramLogitsProcessor(ngram))
        if (ngram := self._set("encoder_no_repeat_ngram_size")) and self.decoder.given:
            source = cast("torch.LongTensor", torch.tensor([self.decoder.given.source.ids], device=self.device))
            found.append(EncoderNoRepeatNGramLogitsProcessor(ngram, source))
        if never := self._set("bad_words_ids"):
            found.append(NoBadWordsLogitsProcessor(never, self.ends or None))
        if self.ends and (least := self._set("min_length")):
            found.append(MinLengthLogitsProcessor(least, self.ends, **on))
        if self.ends and (least := self._set("min_new_tokens")):
            found.append(MinNewTokensLengthLogitsProcessor(1, least, self.ends, **on))
        first = self._set("forced_bos_token_id")
        if isinstance(first, int):
            found.append(ForcedBOSTokenLogitsProcessor(first))
        if (last := self._set("forced_eos_token_id")) is not None:
            found.append(ForcedEOSTokenLogitsProcessor(self.most, last, **on))
        if never := self._set("suppress_tokens"):
            found.append(SuppressTokensLogitsProcessor(never, **on))
        if never := self._set("begin_suppress_tokens"):
            found.append(SuppressTokensAtBeginLogitsProcessor(never, 1 if first is None else 2, **on))
        return found

    def _set(self, name: str) -> Any:
        return getattr(self.settings, name, None)

    def scores(self, texts: torch.Tensor, *, logs: bool) -> torch.Tensor:
        """Of every token as the next one of each text: (b, t) → (b, V), logits or log-probabilities."""
        vectors = self.decoder.last_vectors(texts)[:, -1]
        logits = self.head(vectors).float()
        return self.processed(cast("torch.LongTensor", texts), logits.log_softmax(-1) if logs else logits)

    def greedy(self) -> list[int]:
        text = torch.tensor([[self.start]], device=self.device)
        while text.shape[1] < self.most:
            following = self.scores(text, logs=False).argmax(-1, keepdim=True)
            if int(following) in self.ends:
                break
            text = torch.cat([text, following], 1)
        return text[0].tolist()

    def best(self, beams: int) -> list[int]:
        """The best text of a beam search, as the library has it in `GenerationMixin._beam_search`.

        In each step the texts go on in the best ways together, more ways than there are beams, so that enough of them
        have not ended. A text that ends among the best `beams` is finished, its score divided by its length to the
        power of the length penalty.
        """
        penalty = 1.0 if self._set("length_penalty") is None else float(self.settings.length_penalty)
        early = self._set("early_stopping")
        ways = max(2, 1 + len(self.ends)) * beams
        texts = torch.full((beams, 1), self.start, device=self.device)
        running = torch.full((beams,), _NEVER, device=self.device)
        running[0] = 0.0
        finished: list[tuple[float, list[int]]] = []
        while texts.shape[1] < self.most:
            length = texts.shape[1]  # of what has been written, when one more token is
            scores = self.scores(texts, logs=True) + running[:, None]
            size = scores.shape[1]
            top, places = scores.flatten().topk(min(ways, scores.numel()))
            longer = torch.cat([texts[places // size], (places % size)[:, None]], 1)
            over = torch.tensor([int(token) in self.ends for token in longer[:, -1]], device=self.device)
            over |= longer.shape[1] >= self.most
            full = len(finished) == beams and early is True
            ended = [k for k in range(beams) if bool(over[k])]
            if not full:
                finished += [(float(top[k]) / length**penalty, longer[k].tolist()) for k in ended]
                finished = sorted(finished, key=lambda one: -one[0])[:beams]
            running, order = (top + over * _NEVER).topk(beams)
            texts = longer[order]
            if bool(over.all()) or not self._can_improve(finished, float(running[0]), length, penalty, beams, early):
                break
        found = finished[0][1] if finished else texts[0].tolist()
        return found[:-1] if found[-1] in self.ends else found

    def _can_improve(
        self, finished: list[tuple[float, list[int]]], best: float, length: int, penalty: float, beams: int, early: Any
    ) -> bool:
        """Whether a text that goes on may still beat the worst of the finished ones. early: the model's setting"""
        full = len(finished) == beams
        if full and early is True:
            return False
        longest = self.most - 1 if early == "never" and penalty > 0 else length
        return not full or best / longest**penalty > finished[-1][0]
