"""The sentences about the sharpness of weights."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.analyses.toy.sharpness import Sharpness


def entropy_finding(measured: Sequence[Sharpness]) -> str:
    """The entropy at the largest d, with and without the factor."""
    last = measured[-1]
    return (
        f"At d = {last.d}, a row spreads over {2**last.scaled:.1f} keys with the factor 1/√d and "
        f"over {2**last.unscaled:.1f} without it ({last.scaled:.2f} against {last.unscaled:.2f} bits)."
    )
