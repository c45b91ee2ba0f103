"""The sentences about distances of heads."""

from __future__ import annotations

import numpy as np

from dashboard.analyses.similarity.clusters import Clusters
from dashboard.analyses.similarity.distances import Distances
from dashboard.analyses.similarity.embedding import HeadMap, nearest, place_of
from dashboard.heads.format import counted, percent
from dashboard.heads.head_id import HeadId, head_of


def clusters_finding(found: Clusters) -> str:
    """The size of the largest cluster, and the distances of the first and the last join, in one sentence."""
    table, joins = found.table, found.joins
    if table.empty:
        return "No head has a cluster."
    largest = table.iloc[table["heads"].argmax()]
    begin = (
        f"The largest of {counted(len(table), 'clusters')} holds {counted(int(largest['heads']), 'heads')} around "
        f"{largest['middle']}"
    )
    if not len(joins):
        return f"{begin}."
    heights = joins[:, 1:3, 0].max(1)
    return f"{begin}; the two closest clusters join at {heights.min():.2f} bits, the last at {heights.max():.2f}."


def map_finding(found: HeadMap, head: HeadId | None = None) -> str:
    """The finding about one head, or about all heads, in one sentence."""
    table = found.table.dropna(subset=["distance"])
    if table.empty:
        return f"No two heads of {found.model} can be compared here."
    if head is not None:
        row = found.row(head)
        if np.isnan(row["distance"]):
            return f"{head} can be compared with no other head here."
        mates = int((found.table["cluster"] == row["cluster"]).sum())
        cluster, others = int(row["cluster"]), counted(mates - 1, "other heads")
        stands = f"shares cluster {cluster} with {others}" if mates > 1 else f"is alone in cluster {cluster}"
        return (
            f"{head} is closest to {row['nearest']}, {row['distance']:.3f} bits apart (median over all others: "
            f"{_median_of_others(found, head):.3f}); it {stands}."
        )
    closest, lone = table.iloc[table["distance"].argmin()], table.iloc[table["distance"].argmax()]
    return (
        f"Of {counted(len(found.table), 'heads')}, {head_of(closest)} and {closest['nearest']} are the most similar, "
        f"{closest['distance']:.3f} bits apart; {head_of(lone)} is the most isolated, {lone['distance']:.2f} bits "
        f"from its nearest. The two axes keep {percent(found.kept)} of the variance of all distances."
    )


def elsewhere_finding(found: Distances, head: HeadId, model: str) -> str:
    """The head of the second model nearest to this head of the first, next to the median over all its heads.

    found: of `api.distances_between`; model: the title of the second
    """
    mine, theirs = found.per_layer
    row = found.values[place_of(head, mine, len(found.values))]
    like = nearest(found.values, place_of(head, mine, len(found.values)), theirs, 1, same=False)
    if like.empty:
        return f"{head} can be compared with no head of {model} here."
    return (
        f"Of the {counted(len(row), 'heads')} of {model}, {head_of(like.iloc[0])} is closest to {head}, "
        f"{like['distance'].iloc[0]:.3f} bits apart (median over all of them: {np.nanmedian(row):.3f})."
    )


def _median_of_others(found: HeadMap, head: HeadId) -> float:
    """The median distance of all other heads from this one, bits."""
    place = found.place(head)
    return float(np.nanmedian(np.delete(found.distances[place], place)))
