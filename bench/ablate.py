"""What it costs to take every head of a model out, each alone, over sentences of our own corpus (METRICS §7)."""

from __future__ import annotations

import time

from dashboard.analyses.ablation.api import ablate_in
from dashboard.capture import open_model
from dashboard.corpus.builtin import builtin_corpus

SENTENCES = 32
# Limits on two cores: seconds, including the search for the model's layers and its language-model head.
MOST = {"minilm": 60, "smollm2": 600}


def main() -> None:
    print(f"Ablation of every head, each alone, over {SENTENCES} sentences")
    for name, most in MOST.items():
        model = open_model(name, fetch_missing=True)
        begun = time.perf_counter()
        effect = ablate_in(model, builtin_corpus(), sentences=SENTENCES)
        took = time.perf_counter() - begun
        tokens = int(effect.table["tokens"].iloc[0])
        print(
            f"  {name:8} {len(effect.table):3} heads, {tokens:,} tokens   {took:6.1f} s "
            f"(at most {most}: {'holds' if took <= most else 'does not hold'})",
            flush=True,
        )
