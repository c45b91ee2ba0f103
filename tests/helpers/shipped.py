"""The figures that are shipped, as they are in their files: a test compares a page with these, never with a copy."""

from __future__ import annotations

from functools import cache

import pandas as pd

from dashboard.analyses.ablation.results import MEASUREMENT
from dashboard.analyses.profile.library import SHIPPED, Profile, read_profile
from dashboard.heads.head_id import HeadId


@cache
def profile(model: str = "minilm") -> Profile:
    """The profile of this model on the English Web Treebank."""
    return read_profile(SHIPPED / f"{model}-en_ewt-ud-dev")


def role_of(head: str, model: str = "minilm") -> str:
    """The role of a head in that profile."""
    return _row(profile(model).heads, head)["role"].item()


@cache
def effects(model: str = "minilm", by: str = "zero") -> pd.DataFrame:
    """A row per head without which the model was measured, those that change most first: layer, head, the measure (a
    shift or a change of loss, in nats), its interval, sentences and tokens."""
    table = pd.read_parquet(MEASUREMENT.shipped / f"{model}-{by}.parquet")
    measure = "loss_change" if "loss_change" in table else "shift"
    return table.sort_values(measure, ascending=False, ignore_index=True)


def place_of(head: str, model: str = "minilm", by: str = "zero") -> int:
    """Where the head stands among those, from 1."""
    return 1 + _row(effects(model, by), head).index.item()


def _row(table: pd.DataFrame, head: str) -> pd.DataFrame:
    wanted = HeadId.parse(head)
    return table[(table["layer"] == wanted.layer) & (table["head"] == wanted.head)]
