"""Which outcome of a prediction is asked about: an answer, and a rival if there is one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from dashboard.capture.gradients import ClassHead, Predictor
from dashboard.errors import UserError
from dashboard.heads.continuation import first_of
from dashboard.text.display import visible, vocabulary_labels

NAMED = 8  # classes that a message lists


@dataclass(frozen=True)
class Outcome:
    """An outcome of a prediction.

    Attributes
    ----------
    place: among the logits: a token’s id, or a class’s number
    label: as a person reads it
    p: its probability; NaN where the model gives none (one logit)
    """

    place: int
    label: str
    p: float


def outcomes(predictor: Predictor, answer: str, rival: str, *, bos: bool = True) -> tuple[Outcome, Outcome | None]:
    """The answer and its rival, of which the first token each counts, or the class. answer: "" for the most probable
    outcome; rival: "" for none

    Raises UserError for a continuation that has no token of its own here, a class that there is not, and a rival that
    is the answer.
    """
    with torch.inference_mode(False), torch.no_grad():
        logits = predictor.of_ids().double().cpu().numpy()
    place = _named(predictor, answer, bos) if answer else int(logits.argmax())
    other = _named(predictor, rival, bos) if rival else None
    if place == other:
        same = "is the same class" if predictor.labels else "begins with the same token"
        raise UserError(f"The rival “{visible(rival)}” {same} as the answer. Choose another rival.")
    found = [place] if other is None else [place, other]
    figures = zip(found, _labels(predictor, found), _p(predictor, logits, found), strict=True)
    chosen, *rivals = (Outcome(*one) for one in figures)
    return chosen, rivals[0] if rivals else None


def _named(predictor: Predictor, typed: str, bos: bool) -> int:
    if predictor.kind == "class":
        return _class(predictor.labels, typed)
    if predictor.kind == "next":
        return first_of(predictor.model, predictor.encoding, typed, bos=bos)
    encoding, [place] = predictor.encoding, predictor.places
    start, end = encoding.spans[place]
    read = predictor.model.encode(encoding.text[:start] + typed + encoding.text[end:], bos=bos)
    if len(read) <= place or read.ids[:place] != encoding.ids[:place] or read.special[place]:
        raise UserError(f"In this place, “{visible(typed[:40])}” has no first token of its own. Choose another word.")
    return read.ids[place]


def _class(labels: tuple[str, ...], typed: str) -> int:
    folded = [label.casefold() for label in labels]
    if typed.casefold() in folded:
        return folded.index(typed.casefold())
    if typed.isascii() and typed.isdigit() and int(typed) < len(labels):
        return int(typed)
    more = f" and {len(labels) - NAMED:,} more" if len(labels) > NAMED else ""
    raise UserError(f"There is no class “{typed[:40]}”. The classes are {', '.join(labels[:NAMED])}{more}.")


def _labels(predictor: Predictor, places: list[int]) -> list[str]:
    if predictor.labels:
        return [predictor.labels[place] for place in places]
    return list(vocabulary_labels(predictor.model.loaded.tokenizer, places))


def _p(predictor: Predictor, logits: np.ndarray, places: list[int]) -> list[float]:
    if len(logits) == 1:
        return [float("nan")] * len(places)
    if isinstance(predictor.head, ClassHead) and predictor.head.several:
        return (1 / (1 + np.exp(-logits[places]))).tolist()
    return np.exp(logits[places] - np.logaddexp.reduce(logits)).tolist()
