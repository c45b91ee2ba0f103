"""The page of the documentation with the figures of the known truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench.truth.detectors import BAR, BAR_FROM, DETECTORS, NO_JOB
from bench.truth.intervals import LEAST, MOST, OF_RANDOM
from dashboard.analyses.scores.scores import SCORES
from dashboard.builtin.known_truth import KINDS, build

PAGE = """# Known truth

Does a detector find what it claims to find? In a trained model nobody knows what a head does. So here the weights of
small models are written by hand, and the job of each head is known. `make bench truth` writes the models, opens them
like any other, measures them as the pages do, and makes this page. A detector that does not reach an AUROC of {bar} is
not shown.

## The models

{models}
The *made language* is one whose parse can be read off its words. Each word has a key of its own, the key of its head, a
relation and a topic. Sentences are random trees in random order, so neither distance nor topic tells a word's head.

## How they are built

- The residual stream is cut into blocks: the word, its place, the word before it, the answer. In each a vector is 1 at
  one number and 0 elsewhere.
- A head's scores are a sum of terms, each a product of what a query and a key hold in their blocks. A head of strength
  s gives its target s nats more than any other key.
- Each head's scores also get noise: a random number for each two words, of standard deviation {noise:g} nat. In the
  made language it is a number for each two of 16 kinds of words. A random head has nothing but noise, of 1 to 3 nats,
  by words and by places.
- Two more numbers of the stream, ±1000, keep its mean and norm the same, so that layer norm changes nothing.
- Our own attention runs these matrices in `dashboard/builtin/`. The tests hold its weights against the opened model's
  and the library's: they differ by less than 1e-5.

In Python: `known_truth.write(folder, "induction", seed=0)` of `dashboard/builtin/known_truth/` writes a model, and
`known_truth.jobs_in(folder)` tells what its heads do.

## The detectors

AUROC is the chance that, of two heads of one model, the one with the job ranks above the one without. 0.5 is chance.
In brackets is the 95% bootstrap interval over the models, {fewest} to {most} for each detector. None stands where it is
1 to 1: no pair of heads is in the wrong order.
Then up to {rare_fewest:.0%} of such models could still have a wrong pair where {fewest} were measured, and up to
{rare_most:.0%} where {most} were (95%).

- Nats: how strong the heads are. The bar holds from {bar_from:g} nats. There a previous-token head puts about 60% of
  its attention on its target, over 40 tokens.
- Heads: how many have the job, of how many. The others include heads with other jobs.

{table}
At 1 and 2 nats the induction circuit hardly works: its first head blurs the words that its second head looks for. So
what needs both heads has nothing to find there: the loss without them, and what they carry over.

Some detectors also name heads, or say a q-value for each. At {named_at}:

- Named: the share of the heads with the job that the dashboard names so. False alarms: the same of the others.
{q}
{names}
## The intervals

A pool of sentences is the whole population. Corpora are drawn from it again and again. Coverage is the share of 95%
intervals that hold the true value. It should be between {least:.0%} and {most_held:.0%}. Of accuracy the true value is
counted from the words, since each names its head in the parse or another word. Of other figures it is that of the whole
pool.

{intervals}
Bits are held out. A head without bits of syntax or context gets slightly less than 0, because a model fitted to few
sentences costs a little. So these intervals may lie below the true value of 0. They must not lie above it:

{none}
## What this does not show

- That a trained head is what its detector says. These heads do one thing; a trained head may do several, or one of them
  only sometimes.
- That a detector finds faint heads: see the columns of 1 and 2 nats.
- How often the list of changed heads marks one. With its 40 exchanges two heads of 16 cannot have a q of 0.05.
- What a head that agrees with an attribution does. A random head agrees too, where it happens to look at the answer.
- That random heads of a trained model look like ours. Ours have random scores for words and places, and no structure.

Scores that claim no job: {no_job}.
"""

_Q = """- q: found is the share of the heads with the job that have an entry of q ≤ 0.05. q: false is the share of such
  entries whose head lacks the job; Benjamini and Hochberg keep it below 5% on average,
  where a head without the job has nothing to find. Of relations it has: where no fixed offset is good, a head that
  guesses among few words is better than the best of them.
"""


def document(rows: Sequence[Mapping[str, Any]], coverages: Sequence[Mapping[str, Any]], noise: float) -> str:
    """The page. rows: a detector at a strength, with its place in `DETECTORS` and the fields of `Found`; coverages: the
    fields of `Coverage`, with the ends of their intervals."""
    models = ["| kind | type | layers × heads | heads |", "| --- | --- | --- | --- |"]
    for kind, builder in KINDS.items():
        known = build(kind)
        size = f"{len(known.heads)} × {len(known.heads[0])}"
        models.append(f"| {kind} | {known.type} | {size} | {' '.join((builder.__doc__ or '').split())} |")
    strengths = sorted({row["strength"] for row in rows})
    with_q = any(not math.isnan(row["alarms_q"]) for row in rows)
    fewest, most = (of(row["models"] for row in rows) for of in (min, max))
    random = [one for one in coverages if OF_RANDOM in one["figure"]]
    text = PAGE.format(
        bar=BAR,
        bar_from=BAR_FROM,
        models="\n".join(models) + "\n",
        noise=noise,
        fewest=fewest,
        most=most,
        rare_fewest=1 - 0.05 ** (1 / fewest),
        rare_most=1 - 0.05 ** (1 / most),
        named_at=" and ".join(f"{strength:g}" for strength in strengths if strength >= BAR_FROM) + " nats",
        q=_Q if with_q else "",
        table=_detectors(rows, strengths),
        names=_names(rows, [strength for strength in strengths if strength >= BAR_FROM], with_q),
        least=LEAST,
        most_held=MOST,
        intervals=_intervals([one for one in coverages if one not in random]),
        none=_above(random),
        no_job=", ".join(SCORES[name].title for name in NO_JOB),
    )
    return text.replace("%", "\u00a0%")


def _detectors(rows: Sequence[Mapping[str, Any]], strengths: Sequence[float]) -> str:
    """A row for each detector: its AUROC at each strength."""
    columns = ["detector", "page", "heads", *(f"{strength:g} nats" for strength in strengths)]
    text = f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}\n"
    for number, detector in enumerate(DETECTORS):
        mine = {row["strength"]: row for row in rows if row["detector"] == number}
        one = mine[BAR_FROM]
        cells = [detector.title, detector.page, f"{one['heads']} of {one['heads'] + one['others']}"]
        cells += [_auroc(mine[strength]) for strength in strengths]
        text += f"| {' | '.join(cells)} |\n"
    return text


def _names(rows: Sequence[Mapping[str, Any]], strengths: Sequence[float], with_q: bool) -> str:
    """A row for each detector that names heads or has q-values: the shares at each of these strengths."""
    titles = {"hits": "named", "alarms": "false alarms"} | (
        {"hits_q": "q: found", "alarms_q": "q: false"} if with_q else {}
    )
    text = f"| detector | {' | '.join(titles.values())} |\n|{' --- |' * (1 + len(titles))}\n"
    for number, detector in enumerate(DETECTORS):
        mine = {row["strength"]: row for row in rows if row["detector"] == number}
        shares = [[mine[strength][name] for strength in strengths] for name in titles]
        said = ["–" if any(map(math.isnan, one)) else ", ".join(f"{value:.0%}" for value in one) for one in shares]
        if set(said) != {"–"}:
            text += f"| {detector.title} | {' | '.join(said)} |\n"
    return text


def _intervals(coverages: Sequence[Mapping[str, Any]]) -> str:
    text = "| figure | true value | corpora × sentences | coverage | 95% |\n|" + " --- |" * 5 + "\n"
    for one in coverages:
        text += f"| {one['figure']} | {one['truth']:.3f} | {one['repetitions']} × {one['sentences']} | "
        text += f"{one['held'] / one['repetitions']:.1%} | {one['low']:.1%} to {one['high']:.1%} |\n"
    return text


def _above(coverages: Sequence[Mapping[str, Any]]) -> str:
    text = "| figure | corpora × sentences | interval above 0 | interval holds 0 |\n|" + " --- |" * 4 + "\n"
    for one in coverages:
        above, held = one["above"] / one["repetitions"], one["held"] / one["repetitions"]
        text += f"| {one['figure']} | {one['repetitions']} × {one['sentences']} | {above:.1%} | {held:.1%} |\n"
    return text


def _auroc(one: Mapping[str, Any]) -> str:
    """Rounded down, so that only what is perfect is 1; with its interval, unless that is 1 to 1."""
    value, low, high = (f"{math.floor(1000 * one[name]) / 1000:.3f}" for name in ("auroc", "low", "high"))
    return value if low == high == "1.000" else f"{value} ({low} to {high})"
