"""The findings in words: a title, and a sentence with its number and baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dashboard.analyses.gallery.findings import Finding, Measured
from dashboard.heads.format import figure, percent, quoted

TITLES: Mapping[str, str] = {
    "previous": "The word before",
    "agreement": "A verb finds its subject",
    "pronoun": "A pronoun finds its noun",
    "object": "An object finds its verb",
    "same": "The same word again",
    "far_name": "A name, 100 words apart",
    "sink": "An attention sink",
    "needed": "The head that changes most",
    "induction": "An induction head",
    "object_causal": "An object finds its verb, in a causal model",
    "needed_causal": "One head of 270",
    "recall": "What recurrent networks forget",
}

LINKS: Mapping[str, str] = {
    "explore": "Open this head",
    "profile": "Open its profile",
    "long_range": "Open the measurement",
    "ablation": "Open the ablation",
    "recall": "Open the run",
}


def sentence(finding: Finding, found: Measured) -> str:
    """What was found, with its number and what to compare it with."""
    value, base = found["value"], found["baseline"]
    query, key = map(quoted, finding.words)
    head = finding.head

    def relation() -> str:
        return (
            f"{head} leads from an object to its verb in {percent(value)} of {found['n']:,} cases (the best fixed "
            f"distance: {percent(base)})."
        )

    def needed() -> str:
        what = {
            "loss_change": f"the loss rises by {figure(value)} nats per token",
            "shift": f"the last vectors turn by {figure(value)} (1 − cosine)",
        }[found["measure"]]
        return (
            f"Without {found['head']} {what}, 95 % interval {figure(found['low'])} to {figure(found['high'])}, over "
            f"{found['sentences']} sentences. The median head: {figure(base)}."
        )

    says: dict[str, Callable[[], str]] = {
        "previous": lambda: (
            f"{head} puts {percent(value)} of its attention on the previous token (an even spread would put "
            f"{percent(base)})."
        ),
        "agreement": lambda: (
            f"{head} links {query} to its subject {key}, {found['apart']} words back, with {percent(value)} of its "
            f"attention (an even spread would give {percent(base)})."
        ),
        "pronoun": lambda: (
            f"{head} links {query} to {key}, {found['apart']} words back, with {percent(value)} of its attention (an "
            f"even spread would give {percent(base)})."
        ),
        "object": relation,
        "object_causal": relation,
        "same": lambda: (
            f"{head} gives {percent(value)} of its attention to the same token elsewhere (an even spread would give "
            f"one other token {percent(base)})."
        ),
        "far_name": lambda: (
            f"{found['head']} links a name to its first mention, {found['apart']} words back, with {percent(value)} of "
            f"its attention. Other words as far back get {percent(base)}."
        ),
        "sink": lambda: (
            f"{head} leaves {percent(value)} of its attention on [CLS] and [SEP] (an even spread would give them "
            f"{percent(base)})."
        ),
        "needed": needed,
        "needed_causal": needed,
        "induction": lambda: (
            f"{head} continues a repetition: on random tokens read twice, it gives {percent(value)} to the one that "
            f"came next the first time (the median of {found['heads']} heads: {percent(base)})."
        ),
        "recall": lambda: (
            f"Across {found['distance']} distractors one attention layer is right {percent(value)} of the time, the "
            f"best recurrent network {percent(found['best'])} (guessing: {100 * base:.3g}\u00a0%)."
        ),
    }
    return says[finding.name]()
