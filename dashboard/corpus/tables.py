"""A profile and what lies in its folder."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Profile:
    """A model's heads on a corpus.

    Attributes
    ----------
    heads: a row per head: layer, head, budget_… and twin_… for each channel, then the columns of
        `dashboard.heads.explained.Explained.table`
    dependencies: a row per relation, direction and head (in-sample), see `dashboard.heads.dependency`
    best: a row per relation with its best head, held out and in-sample
    moments: each head's strongest and typical sentences: the columns of `dashboard.heads.moments`, and the line of the
        file where the sentence begins
    sentences: the sentences that `moments` names: index, line, text; None where only references are kept. The text of
        a treebank's sentence is its words with a space between, as the model read them
    about: model, revision, file and its SHA-256, sentences used and left out with reasons, words, queries, versions,
        seconds, and the source of the file where it was given
    """

    heads: pd.DataFrame
    dependencies: pd.DataFrame
    best: pd.DataFrame
    moments: pd.DataFrame
    sentences: pd.DataFrame | None
    about: dict


PROFILE, CHUNKS, KEY = "profile.json", "chunks", "key.json"
"""Written last, so that where it is the profile is whole; the folder of what is kept until then, and whose it is."""
