"""Sentences about what a model writes."""

from __future__ import annotations

from dashboard.analyses.writing.sampling import Sampling
from dashboard.analyses.writing.tokens import OTHERS, Written
from dashboard.heads.format import counted, number, percent, quoted


def written_finding(found: Written) -> str:
    """One sentence: how many tokens, and how sure the model was of them."""
    if not found.tokens:
        return f"{found.model} has written nothing yet."
    least = min(found.tokens, key=lambda token: token.p)
    end = " and ended its text" if found.ended else ""
    first = sum(token.rank == 1 for token in found.tokens)
    sure = "" if found.sampling.greedy else f"{first:,} of them were its most probable, and "
    return (
        f"{found.model} wrote {counted(len(found.tokens), 'tokens')}{end}: {sure}it was least sure of "
        f"{quoted(least.label)} ({percent(least.p)})."
    )


def token_finding(found: Written, place: int) -> str:
    """One sentence on a written token and the best of its alternatives."""
    found.position(place)
    token = found.tokens[place]
    best = token.others[0]
    said = f"{quoted(token.label)} had a probability of {percent(token.p)}"
    return f"{said} (rank {token.rank:,}); the best alternative was {quoted(best.label)} ({percent(best.p)})."


def chosen_by(sampling: Sampling) -> str:
    """How the tokens were chosen."""
    if sampling.greedy:
        return "Each token is the most probable one (greedy)."
    among = f"among the {counted(sampling.top_k, 'most probable tokens')}" if sampling.top_k else "among all tokens"
    return f"Drawn at temperature {number(sampling.temperature)} {among}, seed {sampling.seed}."


EXPLAINED = (
    "Probability: the model's own softmax over the whole vocabulary, whatever the temperature. "
    f"Alternatives: the {OTHERS} most probable tokens besides the written one."
)
