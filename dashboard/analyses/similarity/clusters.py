"""The clusters of a map of heads, and the tree that joins them (METRICS §8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import ClusterNode, dendrogram, linkage, to_tree
from scipy.spatial.distance import squareform

from dashboard.analyses.similarity.embedding import HeadMap
from dashboard.heads.head_id import heads_of


@dataclass(frozen=True, eq=False)
class Clusters:
    """The clusters by average linkage, and the tree above them.

    Attributes
    ----------
    table: a row per cluster, in the order of the tree: cluster (its number in the map), heads (their number), middle
        (the medoid: the head with the smallest mean distance to the others, like L2H9), apart (the mean distance of two
        of its heads, bits; NaN for a single head)
    joins: the brackets of the tree, float (k − 1, 4, 2): four corners each as (bits, row of the table). Two clusters
        join at the mean distance between their heads
    """

    table: pd.DataFrame
    joins: np.ndarray


def clusters_of(found: HeadMap) -> Clusters:
    """The clusters of a map, without heads that have no place."""
    at = np.flatnonzero(found.table["cluster"] > 0)
    numbers = found.table["cluster"].to_numpy()[at]
    distances = found.distances[np.ix_(at, at)]
    count = int(numbers.max(initial=0))
    groups, joins = [np.flatnonzero(numbers == 1)] if count else [], np.zeros((0, 4, 2))
    if count > 1:
        tree = linkage(squareform(distances, checks=False), method="average")
        drawn = dendrogram(
            tree,
            p=count,
            truncate_mode="lastp",
            count_sort="descending",  # pyright: ignore[reportArgumentType]  # SciPy types it bool, and documents this
            no_plot=True,
        )
        _, nodes = cast("tuple[ClusterNode, list[ClusterNode]]", to_tree(tree, rd=True))
        groups = [np.array(nodes[leaf].pre_order()) for leaf in drawn["leaves"]]
        rows = (np.array(drawn["icoord"]) - 5) / 10  # leaves are at 5, 15, 25 …
        joins = np.stack([np.array(drawn["dcoord"]), rows], axis=2)
    names = [str(head) for head in heads_of(found.table.iloc[at])]
    table = [{"cluster": int(numbers[group[0]]), **_inside(distances, group, names)} for group in groups]
    return Clusters(pd.DataFrame(table, columns=["cluster", "heads", "middle", "apart"]), joins)


def _inside(distances: np.ndarray, group: np.ndarray, names: list[str]) -> dict[str, object]:
    inner = distances[np.ix_(group, group)]
    pairs = inner[np.triu_indices(len(group), 1)]
    middle = names[group[inner.mean(1).argmin()]]
    return {"heads": len(group), "middle": middle, "apart": float(pairs.mean()) if len(pairs) else np.nan}
