"""What it costs to keep statistics of sentences (METRICS §2 to §4, without the fit) beside the plain forward pass.

The same batches of parsed sentences go through the model without and with the statistics of all heads. The two
alternate, and the fastest of each counts, as the machine may be busy with other things.
"""

from __future__ import annotations

import math
import time

import torch

from dashboard.analyses.profile.features import CorpusCounts, FeatureSpace
from dashboard.analyses.profile.gather import gather
from dashboard.capture import AttentionModel, open_model
from dashboard.capture.visit import batch_inputs
from dashboard.corpus.batches import WINDOW, batches
from dashboard.text import ParsedSentence, parse

MODELS = ("minilm", "smollm2")
PASSES = 3
# Limit: the pass with statistics reads at least this share of the plain pass's sentences per second.
LEAST = 1 / 3

TEXT = (
    "The chef who trained in Osaka says ramen is her favourite food. Nobody had expected the old waiter, whose "
    "brother owns the place next door, to know the answer. When did they leave? She sold it. The critics that the "
    "paper sends every other year to write about the noodles of the northern provinces rarely agree on anything but "
    "the price, which has risen, and on the weather. He laughed, paid and went home with the two pots that he had "
    "bought at the market in the morning."
)


def sentences() -> list[ParsedSentence]:
    """128 parsed sentences of 3 to 40 words."""
    own = parse(TEXT)
    return [own[k % len(own)] for k in range(WINDOW)]


def rates(model: AttentionModel, corpus: list[ParsedSentence]) -> tuple[float, float]:
    """Sentences per second of the plain forward pass, and of the pass with statistics."""
    space = FeatureSpace.of(CorpusCounts.of(corpus))
    encoded = [(place, one, model.encode_sentence(one)) for place, one in enumerate(corpus)]

    @torch.inference_mode()
    def plain() -> None:
        for batch in batches(encoded):
            model.loaded.model(**batch_inputs(model, [encoding for _, _, encoding in batch]))

    def statistics() -> None:
        for _ in gather(model, corpus, space):
            pass

    best = {plain: math.inf, statistics: math.inf}
    for _ in range(PASSES):
        for work in best:
            begun = time.perf_counter()
            work()
            best[work] = min(best[work], time.perf_counter() - begun)
    return len(corpus) / best[plain], len(corpus) / best[statistics]


def main() -> None:
    print("Statistics of sentences, all heads, beside the plain forward pass over the same batches")
    corpus = sentences()
    for name in MODELS:
        plain, with_statistics = rates(open_model(name, fetch_missing=True), corpus)
        holds = "holds" if with_statistics >= LEAST * plain else "does not hold"
        print(
            f"  {name:8} plain {plain:7.1f} sentences/s   statistics {with_statistics:7.1f} sentences/s   "
            f"{with_statistics / plain:4.0%} (at least a third: {holds})"
        )
