"""A card as the work of a job, and where the cards of this machine lie."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboard.capture import AttentionModel, open_model
from dashboard.corpus.builtin import builtin_corpus
from dashboard.jobs.job import Job, start
from dashboard.jobs.results import known_as
from dashboard.jobs.work import OnProgress
from dashboard.serving import visitor


@dataclass(frozen=True)
class CardWork:
    """Makes the card that a job's file asks for: a `dashboard.jobs.job.Work`."""

    resumes: bool = True

    def make(self, out: Path, settings: Mapping[str, Any], progress: OnProgress) -> None:
        """Makes the card in the folder `out`."""
        from dashboard.analyses.card.api import make_card

        progress(0.0, "Opening the model")
        make_card(open_model(settings["model"]), out, sentences=settings["limit"], progress=progress)


MEASUREMENT = CardWork()


def place_for(model: AttentionModel) -> Path:
    """The folder of a model's card, existing or not; on a server for others each visitor has their own. Raises
    UserError if no folder is known."""
    name, revision = known_as(model.source)
    last = re.sub(r"[^A-Za-z0-9_-]+", "-", re.split(r"[\\/]", name.rstrip("\\/"))[-1])[:40]
    return visitor.own_folder() / "cards" / f"{last}-{hashlib.sha256(f'{name} {revision}'.encode()).hexdigest()[:16]}"


def begin(model: AttentionModel, sentences: int | None = None) -> Job:
    """Start a background job that makes the card, or goes on with it. Raises UserError as `dashboard.jobs.job.start`
    does."""
    return start(model.name, builtin_corpus(), place_for(model), limit=sentences, work=__name__)
