"""Every detector of the dashboard, and how well it tells the heads that have a job from all others.

AUROC is the chance that, of two heads of one model, the one with the job ranks above the one without (ties count half).
Over several models it is the mean over all such pairs, with the 95 % interval of a bootstrap over the models.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

BAR = 0.99  # METRICS §10: a detector below it is not shown
BAR_FROM = 4.0  # nats: how strong a head is that must be found
RESAMPLES = 1000


@dataclass(frozen=True)
class Detector:
    """A figure that claims a job.

    Attributes
    ----------
    title: as the dashboard calls it
    page: where it is shown
    column: of the table of `measured`
    job: what the heads that it should find do
    kinds: the models that it is measured on
    names: the column that says whether it names a head, "" where it only ranks
    beside: jobs that are in part the same; their heads count neither way
    """

    title: str
    page: str
    column: str
    job: str
    kinds: tuple[str, ...]
    names: str = ""
    beside: tuple[str, ...] = ()


_TEXT = ("tokens", "both_ways")
_PARSE = ("parse", "causal_parse")

DETECTORS: tuple[Detector, ...] = (
    Detector("Copying", "Inside a head", "copying", "induction", ("induction",), "names copying"),
    Detector("Self", "All heads", "self", "self", _TEXT),
    Detector("Previous token", "All heads", "previous", "previous", (*_TEXT, "induction")),
    Detector("Next token", "All heads", "next", "next", ("both_ways",)),
    Detector("First token", "All heads", "first", "first", _TEXT),
    Detector("Special tokens", "All heads", "special", "special", _TEXT),
    Detector("Same token", "All heads", "same_token", "same_token", _TEXT),
    Detector("Induction", "All heads", "induction", "induction", ("induction",), "names induction"),
    Detector("Entropy", "All heads", "entropy", "even", _TEXT),
    Detector("Spread", "All heads", "spread", "even", _TEXT),
    Detector("Changed heads", "Compare", "changed", "names", ("partners",)),
    Detector("Find heads by example", "Find heads", "example", "head", _PARSE, beside=("subject",)),
    Detector("Find heads by pattern", "Find heads", "pattern", "to head", _PARSE),
    Detector("Word aligner", "Find heads", "aligner", "aligner", ("aligner",)),
    Detector("Lift of all relations", "Syntax vs context", "all", "all relations", _PARSE, beside=("subject",)),
    Detector("Largest lift of a relation", "Syntax vs context", "relation", "parse", _PARSE, "names relation"),
    Detector("Position", "Syntax vs context", "position", "step", _PARSE, "names position"),
    Detector("Syntax", "Syntax vs context", "syntax", "parse", _PARSE, "names syntax"),
    Detector("Context", "Syntax vs context", "context", "topic", _PARSE, "names context"),
    Detector("Lean to syntax", "Syntax vs context", "lean", "parse", _PARSE, "names syntax"),
    Detector("Lean to context", "Syntax vs context", "lean to context", "topic", _PARSE, "names context"),
    Detector("Flat", "Syntax vs context", "flat", "even", _PARSE, "names flat"),
    Detector("Attention sink", "Syntax vs context", "sink", "sink", _PARSE, "names sink", ("subject",)),
    Detector("Named “previous word”", "Syntax vs context", "names previous", "previous", _PARSE, "names previous"),
    Detector("Named “next word”", "Syntax vs context", "names next", "next", ("parse",), "names next"),
    Detector("Loss without the head", "Ablation", "loss_change", "circuit", ("induction",)),
    Detector("Recovered", "Carry a head over", "recovered", "circuit", ("induction",)),
    Detector("Long range", "Long range", "long range", "partner", ("partners",)),
)
"""Everything that claims a job, in the order of the pages."""

NO_JOB = {"distance": "It says how far a head attends, which many jobs share."}
"""The scores that claim no job, and why."""


@dataclass(frozen=True)
class Found:
    """How well a detector does.

    Attributes
    ----------
    auroc, low, high: in [0, 1], with the 95 % interval over the models
    heads, others, models: how many heads have the job, how many do not, in how many models
    hits, alarms: the shares of both that the detector names; NaN where it only ranks
    hits_q: the share of the heads with the job that have an entry of q ≤ 0.05; NaN where the list has no q-values
    alarms_q: of the entries of q ≤ 0.05 the share whose head lacks the job, the mean over the models: what Benjamini
        and Hochberg keep below 0.05
    """

    auroc: float
    low: float
    high: float
    heads: int
    others: int
    models: int
    hits: float
    alarms: float
    hits_q: float
    alarms_q: float


def auroc(models: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """The mean, over all pairs of a head with the job and one without within a model, of 1 where the first ranks above
    the second, 1/2 at a tie, else 0: [0, 1]; NaN without a pair.

    models: of each the heads' values, NaN below all numbers, and whether each has the job
    """
    won, pairs = _pairs(models).T
    return float(won.sum() / pairs.sum()) if pairs.sum() else float("nan")


def _pairs(models: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Of each model Mann and Whitney's U, and the number of its pairs: (models, 2)."""
    found = []
    for values, has in models:
        values = np.where(np.isnan(values), -np.inf, values)
        pairs = int(has.sum() * (~has).sum())
        found.append((mannwhitneyu(values[has], values[~has]).statistic if pairs else 0.0, pairs))
    return np.array(found, float)


def found(detector: Detector, tables: Collection[pd.DataFrame]) -> Found:
    """How well the detector does over these models, each a table of `measured`."""
    mine = [one for one in tables if one["kind"].iloc[0] in detector.kinds]
    counted = [_counts(detector, one) for one in mine]
    has = [_has(detector, one)[kept] for one, kept in zip(mine, counted, strict=True)]
    values = [one[detector.column].to_numpy(float)[kept] for one, kept in zip(mine, counted, strict=True)]
    models = list(zip(values, has, strict=True))
    every = np.concatenate(has)
    hits = alarms = hits_q = alarms_q = float("nan")
    if detector.names:
        named = np.concatenate(
            [one[detector.names].to_numpy(bool)[kept] for one, kept in zip(mine, counted, strict=True)]
        )
        hits, alarms = float(named[every].mean()), float(named[~every].mean())
    if all(f"q {detector.column}" in one for one in mine):
        entries = [one[f"q {detector.column}"].to_numpy(int)[kept] for one, kept in zip(mine, counted, strict=True)]
        hits_q = float((np.concatenate(entries)[every] > 0).mean())
        alarms_q = float(np.mean([one[~own].sum() / max(one.sum(), 1) for one, own in zip(entries, has, strict=True)]))
    low, high = _interval(models)
    return Found(
        auroc(models), low, high, int(every.sum()), int((~every).sum()), len(models), hits, alarms, hits_q, alarms_q
    )


TOGETHER = {
    "circuit": {"previous", "induction"},
    "step": {"previous", "next"},
    "to head": {"head", "subject"},
    "all relations": {"head", "dependents"},
}
"""Several jobs under one name."""


def _has(detector: Detector, table: pd.DataFrame) -> np.ndarray:
    """Whether each head has the job."""
    wanted = TOGETHER.get(detector.job, {detector.job})
    return np.array([bool(jobs & wanted) for jobs in table["jobs"]])


def _counts(detector: Detector, table: pd.DataFrame) -> np.ndarray:
    """Whether each head counts, for or against."""
    return _has(detector, table) | ~np.array([bool(jobs & set(detector.beside)) for jobs in table["jobs"]])


def _interval(models: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """The 95 % bootstrap interval over the models, seed 0."""
    drawn = np.random.default_rng(0).integers(0, len(models), (RESAMPLES, len(models)))
    won, pairs = _pairs(models).T
    low, high = np.percentile(won[drawn].sum(1) / pairs[drawn].sum(1), (2.5, 97.5))
    return float(low), float(high)
