"""The direction of text: the Unicode Bidirectional Algorithm (UAX #9).

For one left-to-right line without explicit formatting characters, which no chart holds
(`dashboard.charts.sanitize.drawable`): rules W1–W7, N0–N2, I1 and L2. Its units are clusters, not characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

_Item = TypeVar("_Item")
_CLOSING = dict(zip("([{⟨⟪「『【（［｛", ")]}⟩⟫」』】）］｝", strict=True))


def levels(clusters: Sequence[str]) -> list[int]:
    """The embedding level of each cluster: 0 left to right, 1 right to left, 2 a number among right-to-left text."""
    kinds = [unicodedata.bidirectional(cluster[0]) for cluster in clusters]  # W1: marks are in their clusters
    kinds = ["ON" if kind in ("", "BN", "NSM", "B", "S", "WS") else kind for kind in kinds]
    kinds = _numbers(kinds)
    kinds = _brackets(clusters, kinds)
    for start, stop in _stretches(kinds, "ON"):  # N1, N2
        before = kinds[start - 1] if start else "L"
        after = kinds[stop] if stop < len(kinds) else "L"
        kinds[start:stop] = ["R" if before != "L" and after != "L" else "L"] * (stop - start)
    return [{"L": 0, "R": 1}.get(kind, 2) for kind in kinds]  # I1


def _numbers(kinds: list[str]) -> list[str]:
    """Rules W2 to W7: L, R, EN, AN and ON remain."""
    kinds = list(kinds)
    strong = "L"
    for k, kind in enumerate(kinds):  # W2
        if kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":
            kinds[k] = "AN"
    kinds = ["R" if kind == "AL" else kind for kind in kinds]  # W3
    for k in range(1, len(kinds) - 1):  # W4
        before, kind, after = kinds[k - 1 : k + 2]
        if before == after and ((kind == "ES" and before == "EN") or (kind == "CS" and before in ("EN", "AN"))):
            kinds[k] = before
    for start, stop in _stretches(kinds, "ET"):  # W5
        if "EN" in (*kinds[max(0, start - 1) : start], *kinds[stop : stop + 1]):
            kinds[start:stop] = ["EN"] * (stop - start)
    kinds = ["ON" if kind in ("ES", "ET", "CS") else kind for kind in kinds]  # W6
    strong = "L"
    for k, kind in enumerate(kinds):  # W7
        if kind in ("L", "R"):
            strong = kind
        elif kind == "EN" and strong == "L":
            kinds[k] = "L"
    return kinds


def _brackets(clusters: Sequence[str], kinds: list[str]) -> list[str]:
    """Rule N0: a pair of brackets around right-to-left text, after such text, runs from right to left itself."""
    kinds = list(kinds)
    open_ones: list[tuple[str, int]] = []
    pairs = []
    for k, cluster in enumerate(clusters):
        if kinds[k] != "ON":
            continue
        if cluster in _CLOSING:
            open_ones.append((_CLOSING[cluster], k))
        elif any(cluster == closing for closing, _ in open_ones):
            while open_ones[-1][0] != cluster:
                open_ones.pop()
            pairs.append((open_ones.pop()[1], k))
    for start, stop in sorted(pairs):
        inside = {kind for kind in kinds[start + 1 : stop] if kind != "ON"}
        if not inside:
            continue
        before = next((kind for kind in reversed(kinds[:start]) if kind != "ON"), "L")
        kinds[start] = kinds[stop] = "L" if "L" in inside or before == "L" else "R"
    return kinds


def _stretches(kinds: list[str], of: str) -> list[tuple[int, int]]:
    found, start = [], None
    for k, kind in enumerate([*kinds, ""]):
        if kind == of and start is None:
            start = k
        elif kind != of and start is not None:
            found.append((start, k))
            start = None
    return found


def visual(items: Sequence[_Item], at: Sequence[int]) -> list[_Item]:
    """Items in visual order, left to right, by their levels (rule L2)."""
    order = list(range(len(items)))
    for level in range(max(at, default=0), 0, -1):
        k = 0
        while k < len(order):
            end = k
            while end < len(order) and at[order[end]] >= level:
                end += 1
            order[k:end] = order[k:end][::-1]
            k = max(end, k + 1)
    return [items[k] for k in order]
