"""All heads as points in the plane whose distances approximate the heads' distances (METRICS §8)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, Part, every_head, head_columns

CLUSTERS = 8


@dataclass(frozen=True, eq=False)
class HeadMap:
    """All heads of a model and their distances over a corpus.

    Attributes
    ----------
    table: a row per head: layer, head, x, y (its place, bits), cluster (from 1, the largest first), nearest (the
        nearest head, like L2H9) and its distance (bits, in [0, 1])
    distances: of all heads, layer 0 first, float64 (h, h) in [0, 1]
    kept: the share of the distances' variance that the two axes keep, in [0, 1]
    corpus, sentences, left_out, rows: its name; the number of sentences used and left out; rows of attention in total
    model, name, revision: the model's title, the name that opens it, its revision
    reading: the arguments (bos, limit, clusters, part), for the reproduction snippet
    """

    table: pd.DataFrame
    distances: np.ndarray
    kept: float
    corpus: str
    sentences: int
    left_out: int
    rows: int
    model: str
    name: str
    revision: str
    reading: dict = field(default_factory=dict)

    @property
    def part(self) -> Part:
        """The part of an encoder–decoder that was read, "" for the model itself."""
        return self.reading.get("part", "")

    @property
    def per_layer(self) -> int:
        """How many heads a layer has."""
        return int(self.table["head"].max()) + 1

    def place(self, head: HeadId) -> int:
        """A head's row, from 0. Raises UserError where there is no such head."""
        return place_of(head, self.per_layer, len(self.table), self.part)

    def row(self, head: HeadId) -> pd.Series:
        """A head's row of the table. Raises UserError where there is no such head."""
        return self.table.iloc[self.place(head)]


def place_of(head: HeadId, per_layer: int, heads: int, part: Part = "") -> int:
    """A head's place among all heads, layer 0 first. Raises UserError where there is no such head."""
    every = every_head(heads // per_layer, per_layer, part)
    if head not in every:
        raise UserError(f"There is no head {head}. The last one is {every[-1]}.")
    return every.index(head)


def scaled(distances: np.ndarray) -> tuple[np.ndarray, float]:
    """Classical multidimensional scaling (Torgerson 1952) into two dimensions: points (h, 2), and the share kept.

    B = −½ J D² J with J = I − 1/h; the points are the eigenvectors of B with the two largest eigenvalues λ, times √λ.
    The share kept is (λ1 + λ2) / Σ of the positive λ, in [0, 1]; 1 where all distances are 0. Each axis points
    towards its farthest point.
    """
    squares = distances**2
    centred = squares - squares.mean(0) - squares.mean(1)[:, None] + squares.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    values, vectors = values[::-1].clip(0), vectors[:, ::-1]
    points = np.zeros((len(distances), 2))
    found = vectors[:, :2] * np.sqrt(values[:2])
    points[:, : found.shape[1]] = found
    farthest = points[np.abs(points).argmax(0), [0, 1]]
    return points * np.where(farthest < 0, -1, 1), float(values[:2].sum() / values.sum()) if values.sum() > 0 else 1.0


def clustered(distances: np.ndarray, count: int = CLUSTERS) -> np.ndarray:
    """Clusters by average linkage (Sokal & Michener 1958), cut into at most `count`: (h), numbered from 1, the
    largest first; of two equally large, the one with the earlier head first."""
    if len(distances) < 2:
        return np.ones(len(distances), int)
    tree = linkage(squareform(distances, checks=False), method="average")
    labels = fcluster(tree, count, criterion="maxclust")
    _, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    return np.argsort(order)[np.unique(labels, return_inverse=True)[1]] + 1


def map_table(
    distances: np.ndarray, per_layer: int, clusters: int = CLUSTERS, part: Part = ""
) -> tuple[pd.DataFrame, float]:
    """The table of a `HeadMap`, and the share of variance that its two axes keep.

    per_layer: heads in a layer; part: as `HeadMap.part`. A head without a row in common with the others has no place
    (NaN, "", cluster 0).
    """
    known = _with_places(distances)
    inner = distances[np.ix_(known, known)]
    points, kept = scaled(inner) if known.any() else (np.zeros((0, 2)), 1.0)
    others = inner + np.diag(np.full(len(inner), np.inf))
    closest = others.argmin(1) if len(inner) > 1 else np.zeros(0, int)
    every = every_head(len(distances) // per_layer, per_layer, part)
    names = np.array([str(head) for head in every], object)
    table = pd.DataFrame(
        {**head_columns(every), "x": np.nan, "y": np.nan, "cluster": 0, "nearest": "", "distance": np.nan}
    )
    at = np.flatnonzero(known)
    if not len(at):
        return table, kept
    table.loc[at, ["x", "y"]] = points
    table.loc[at, "cluster"] = clustered(inner, clusters)
    if len(closest):
        table.loc[at, "nearest"] = names[at[closest]]
        table.loc[at, "distance"] = others.min(1)
    return table, kept


def nearest(
    distances: np.ndarray, place: int, per_layer: int, k: int = 10, *, same: bool = True, part: Part = ""
) -> pd.DataFrame:
    """The k most similar heads, the nearest first: layer, head, distance (bits, in [0, 1]).

    Parameters
    ----------
    distances: (h, h'), see `distances.Distances`
    place: the row, from 0
    per_layer: heads per layer of the columns' model
    same: whether the columns are the same heads as the rows; then the head itself is left out
    part: of the columns' model
    """
    row = distances[place].copy()
    if same:
        row[place] = np.nan
    order = np.argsort(row, kind="stable")[: min(k, int(np.isfinite(row).sum()))]
    every = every_head(len(row) // per_layer, per_layer, part)
    return pd.DataFrame({**head_columns([every[k] for k in order]), "distance": row[order]})


def _with_places(distances: np.ndarray) -> np.ndarray:
    """Heads that all have distances from each other, bool (h): drops the heads with the most missing ones first."""
    known = np.ones(len(distances), bool)
    while (empty := np.isnan(distances) & known & known[:, None]).any():
        known[empty.sum(1).argmax()] = False
    return known
