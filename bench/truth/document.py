"""The page of the documentation with the figures of the known truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench.truth.detectors import BAR, BAR_FROM, DETECTORS, NO_JOB
from bench.truth.intervals import LEAST, MOST
from dashboard.analyses.scores.scores import SCORES
from dashboard.builtin.known_truth import KINDS, build

HEAD = """# Known truth

Does a detector find what it claims to find? In a trained model nobody knows what a head does. So here the weights of
small models are written by hand, and the job of each head is known. `make bench truth` writes the models, opens them
like any other, measures them as the pages do, and makes this page. A detector that does not reach an AUROC of {bar} is
not shown.

## The models

| kind | type | layers × heads | heads |
| --- | --- | --- | --- |
"""

BUILT = """
The *made language* is one whose parse can be read off its words. Each word has a key of its own, the key of its head, a
relation and a topic. Sentences are random trees in random order, so neither distance nor topic tells a word's head.

## How they are built

- The residual stream is cut into blocks: the word, its place, the word before it, the answer. In each a vector is 1 at
  one number and 0 elsewhere.
- A head's scores are a sum of terms, each a product of what a query and a key hold in their blocks. A head of strength
  s gives its target s nats more than any other key.
- Each head's scores also get noise: a random number for each two words, of standard deviation {noise:g} nat. A random
  head has nothing but noise, of 1 to 3 nats, by words and by places.
- Two more numbers of the stream, ±1000, keep its mean and norm the same, so that layer norm changes nothing.
- Our own attention runs these matrices in `dashboard/builtin/`. The tests hold its weights against the opened model's
  and the library's: they differ by less than 1e-5.

In Python: `known_truth.write(folder, "induction", seed=0)` of `dashboard/builtin/known_truth/` writes a model, and
`known_truth.jobs_in(folder)` tells what its heads do.

## The detectors

AUROC is the chance that, of two heads of one model, the one with the job ranks above the one without. 0.5 is chance.
The interval is the 95 % bootstrap over the models. It is [1, 1] where no pair of heads is in the wrong order.

- Nats: how strong the heads are. The bar holds from {bar_from:g} nats. There a previous-token head puts about 60 % of
  its attention on its target, over 40 tokens.
- Heads: how many have the job, and how many others there are. The others include heads with other jobs.
- Named: how many heads with the job the dashboard names so. False alarms: how many others. “–”: it only ranks.
- q: the same two shares at q ≤ 0.05, for lists that say a q-value.

"""

INTERVALS = """
## The intervals

A pool of sentences is the whole population. Corpora are drawn from it again and again. Coverage is the share of 95 %
intervals that hold the true value. It should be between {least:.0%} and {most:.0%}. Of accuracy the true value is
counted from the words, since each names its head in the parse or another word.

| figure | true value | corpora × sentences | coverage | 95 % |
| --- | --- | --- | --- | --- |
"""

NOT = """
## What this does not show

- That a trained head is what its detector says. These heads do one thing; a trained head may do several, or one of them
  only sometimes.
- That a detector finds faint heads: see the columns of 1 and 2 nats.
- That random heads of a trained model look like ours. For that each score has the untrained twin.
- The coverage of the intervals of explained bits: their true value is not known by construction.

Not measured: copying, changed heads, long range, and the distance of heads. No hand-written head has their job yet.
Scores that claim no job: {no_job}
"""


def document(rows: Sequence[Mapping[str, Any]], coverages: Sequence[Mapping[str, Any]], noise: float) -> str:
    """The page. rows: a detector at a strength, with its place in `DETECTORS` and the fields of `Found`; coverages: the
    fields of `Coverage`, with the ends of their intervals."""
    text = HEAD.format(bar=BAR)
    for kind, builder in KINDS.items():
        known = build(kind)
        size = f"{len(known.heads)} × {len(known.heads[0])}"
        text += f"| {kind} | {known.type} | {size} | {' '.join((builder.__doc__ or '').split())} |\n"
    text += BUILT.format(noise=noise, bar_from=BAR_FROM) + _detectors(rows)
    text += INTERVALS.format(least=LEAST, most=MOST)
    for one in coverages:
        share = one["held"] / one["repetitions"]
        text += f"| {one['figure']} | {one['truth']:.3f} | {one['repetitions']} × {one['sentences']} | {share:.1%} | "
        text += f"{one['low']:.1%} to {one['high']:.1%} |\n"
    scores = ", ".join(SCORES[name].title for name in NO_JOB)
    return text.replace("%", "\u00a0%") + NOT.format(no_job=scores)


def _detectors(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table: a row for each detector, its AUROC at each strength, and all else at `BAR_FROM`."""
    strengths = sorted({row["strength"] for row in rows})
    columns = ["detector", "page", "heads", *(f"{strength:g} nats" for strength in strengths), "95 %"]
    columns += ["named", "false alarms", "q: named", "q: false alarms"]
    text = f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n"
    for number, detector in enumerate(DETECTORS):
        mine = {row["strength"]: row for row in rows if row["detector"] == number}
        one = mine[BAR_FROM]
        cells = [detector.title, detector.page, f"{one['heads']} of {one['heads'] + one['others']}"]
        cells += [_auroc(mine[strength]["auroc"]) for strength in strengths]
        cells += [f"{_auroc(one['low'])} to {_auroc(one['high'])}"]
        cells += [_share(one[name]) for name in ("hits", "alarms", "hits_q", "alarms_q")]
        text += f"| {' | '.join(cells)} |\n"
    return text


def _auroc(value: float) -> str:
    """Rounded down, so that only what is perfect is 1."""
    return f"{math.floor(1000 * value) / 1000:.3f}"


def _share(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.0%}"
