"""A rank correlation in a sentence."""

from __future__ import annotations

from dashboard.heads.format import capital, counted
from dashboard.heads.rank_correlation import Correlation


def correlation_finding(found: Correlation, names: tuple[str, str]) -> str:
    """One sentence on the correlation of two figures over heads. names: of the figures, in lower case"""
    if found.heads < 2:
        return f"Too few heads have both {names[0]} and {names[1]} to compare them."
    if found.constant is not None:
        return f"{capital(names[found.constant])} is the same for all {found.heads} heads, so it has no correlation."
    interval = f"95\u00a0% interval over heads {_number(found.low)} to {_number(found.high)}"
    rho = f"Spearman’s ρ {_number(found.rho)}; {interval}; {counted(found.heads, 'heads')}"
    if found.low <= 0 <= found.high:
        return f"No clear relation between {names[0]} and {names[1]} ({rho})."
    way = "higher" if found.rho > 0 else "lower"
    much = "tends to be" if abs(found.rho) >= 0.3 else "tends slightly to be"
    return f"Where {names[0]} is higher, {names[1]} {much} {way} ({rho})."


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
