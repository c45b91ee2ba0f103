"""What a model makes of a text with edited attention, next to what it makes of it as it is (METRICS §9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from dashboard.capture import AttentionModel
from dashboard.capture.interventions import Way
from dashboard.heads.predictions import best_other, candidates, read, shifts
from dashboard.models.lm_head import LanguageHead
from dashboard.text import Encoding

TOP = 10


@dataclass(frozen=True, eq=False)
class Edited:
    """The effect of edits of attention on one text.

    Attributes
    ----------
    table: a row per token of the text that is measured: position (from 0), token; of a causal language model loss,
        loss_edited (−ln p of the token, nats) and loss_change = loss_edited − loss; of any other shift = 1 − cosine of
        its last vectors with and without the edits, in [0, 2]
    next: of a causal language model what comes after the text: the answer, its rival, then the `TOP` most probable
        tokens with and without the edits, by rank. Columns: token, id, which ("answer", "rival" or ""), p and p_edited
        over the whole vocabulary, logit and logit_edited, rank and rank_edited (1: the most probable). Else empty
    measure: "loss_change" or "shift"
    edits: as they were typed; row: what becomes of the rest of a row in which links are cut
    cut: whether there are cuts among them; changed: whether the last vectors differ at all
    name, revision, model: of the model: what opens it, its commit, its title
    text, encoding, keys: the text, as the model reads it, and the text that is looked at: the same, or a source
    reading: the options it was read with, where they differ from the usual ones
    answer, rival: as they were given
    vocabulary: how many tokens a causal model chooses from; else 0
    part, source: of a decoder or its cross attention the part, and the text that the encoder read; else ""
    """

    table: pd.DataFrame
    next: pd.DataFrame
    measure: str
    edits: tuple[str, ...]
    row: Way
    cut: bool
    changed: bool
    name: str
    revision: str
    model: str
    text: str
    encoding: Encoding
    keys: Encoding
    reading: Mapping[str, Any]
    answer: str = ""
    rival: str = ""
    vocabulary: int = 0
    part: str = ""
    source: str = ""

    @property
    def losses(self) -> np.ndarray:
        """The loss of each token of the table without the edits, nats."""
        return self.table["loss"].to_numpy(float)

    @property
    def effect(self) -> float:
        """The mean over the tokens of the table, nats per token or 1 − cosine; NaN if none is measured."""
        return float(self.table[self.measure].mean())

    @property
    def logit_difference(self) -> tuple[float, float] | None:
        """The logit of the answer less that of its rival, without the edits and with them; None if the model predicts
        no next token."""
        if not len(self.next):
            return None
        first, second = self.next.iloc[0], self.next.iloc[1]
        return first["logit"] - second["logit"], first["logit_edited"] - second["logit_edited"]


@torch.inference_mode()
def shifts_of(encoding: Encoding, before: torch.Tensor, after: torch.Tensor) -> pd.DataFrame:
    """The table of `Edited` for a model that predicts nothing, of last vectors without the edits and with them
    (n, D)."""
    own = [place for place, special in enumerate(encoding.special) if not special]
    return _table(encoding, own, {"shift": shifts(before, after).cpu().numpy()[own]})


@torch.inference_mode()
def losses_of(
    encoding: Encoding,
    head: LanguageHead,
    before: torch.Tensor,
    after: torch.Tensor,
    last: int,
    known: np.ndarray | None = None,
) -> tuple[pd.DataFrame, np.ndarray]:
    """The table of `Edited` for a causal model, of last vectors without the edits and with them (n, D), and the logits
    after the token `last` without them and with them, float64 (2, V).

    known: the losses without the edits, as an earlier table of the same text holds them. Where a token's last vector is
    the same with the edits, so is the loss. All rows go through the head at once: it takes as long to read its
    weights as to multiply them with some thirty rows.
    """
    own = [place for place, special in enumerate(encoding.special) if not special and place]
    at = torch.tensor([place - 1 for place in own], dtype=torch.long, device=before.device)
    targets = torch.tensor(encoding.ids, device=before.device)[own]
    other = (before != after).any(-1)[at]
    rows = [after[at][other], before[[last]], after[[last]]]
    wanted = [targets[other], targets.new_zeros(2)]
    if known is None:
        rows, wanted = [before[at], *rows], [targets, *wanted]
    ends: list[torch.Tensor] = []

    def logits(some: torch.Tensor) -> torch.Tensor:
        found = head(some).double()
        ends.append(found[-2:])
        return found

    ids = torch.cat(wanted)
    found = read(logits, torch.cat(rows), ids, ids).loss.cpu().numpy()
    loss = found[: len(own)] if known is None else known
    edited = loss.copy()
    changed = other.cpu().numpy()
    edited[changed] = found[len(found) - 2 - changed.sum() : len(found) - 2]
    figures = {"loss": loss, "loss_edited": edited, "loss_change": edited - loss}
    return _table(encoding, own, figures), torch.cat(ends)[-2:].cpu().numpy()


def _table(encoding: Encoding, own: Sequence[int], figures: Mapping[str, np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({"position": own, "token": [encoding.drawn[place] for place in own], **figures})


def next_token(model: AttentionModel, logits: np.ndarray, answer: int | None, rival: int | None) -> pd.DataFrame:
    """What comes after the last token: see `Edited`. logits: without the edits and with them (2, V)

    answer, rival: two tokens; None for the most probable one without the edits, and for the most probable other one
    """
    answer = best_other(logits[0], rival) if answer is None else answer
    rival = best_other(logits[0], answer) if rival is None else rival
    return candidates(model.loaded.tokenizer, logits, (answer, rival), ("answer", "rival"), TOP, "edited")
