"""A second way to a row whose part for other words is spread by a model: one cell after the other."""

from __future__ import annotations


def replace_rows(rows, word_of, p, causal):
    """Rows of a softmax (n, keys) in place, as METRICS §9 says it, one cell after the other."""
    n = len(word_of)
    for t in range(n):
        if word_of[t] is None:
            continue
        seen = [k for k in range(n) if k <= t or not causal]
        other = [k for k in seen if word_of[k] is not None and word_of[k] != word_of[t]]
        rest = float(rows[t, other].sum())
        share = {word: p[word_of[t], word] for word in {word_of[k] for k in other}}
        before = rows[t].clone()
        for k in other:
            own = [j for j in other if word_of[j] == word_of[k]]
            mass = float(before[own].sum())
            part = float(before[k]) / mass if mass > 0 else 1 / len(own)
            rows[t, k] = rest * float(share[word_of[k]]) / float(sum(share.values())) * part
