"""Sentences about what a head's models keep of its effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from dashboard.analyses.profile.needs.table import FIGURES, measure_of
from dashboard.corpus.builtin import builtin_corpus
from dashboard.heads.correlation_words import correlation_finding
from dashboard.heads.format import counted, figure, percent
from dashboard.heads.head_id import head_of
from dashboard.heads.rank_correlation import Correlation

WHY = "Bits compare weights; the share kept also depends on the values behind them and on what later layers read."
"""Why bits and kept may differ."""
STAYS = (
    "Only the weights on other words are replaced, not those on special tokens and the word itself. So an even spread "
    "can keep much too."
)
"""What is left alone in every replacement."""


def needs_finding(table: pd.DataFrame) -> str:
    """What the models keep in the median head, next to an even spread."""
    known = table.dropna(subset=["kept_all"])
    if known.empty:
        return (
            f"No head of {len(table):,} has an effect that differs from 0 over {_sample(table)}, so nothing can be "
            "kept."
        )
    median = {name: percent(float(known[f"kept_{name}"].median())) for name in (*FIGURES, "even")}
    of = "one head" if len(known) == 1 else f"medians of {counted(len(known), 'heads')}"
    return (
        f"Position alone keeps {median['position']} of a head’s effect; position, syntax and context keep "
        f"{median['all']} (an even spread {median['even']}; {of})."
    )


def needs_remarks(table: pd.DataFrame) -> list[str]:
    """How many heads have no figure, and what the figures leave alone."""
    empty = int(table["kept_all"].isna().sum())
    said = [STAYS]
    if empty:
        have = "has" if empty == 1 else "have"
        said.append(f"{empty:,} of {len(table):,} heads {have} no figure: the interval of the effect includes 0.")
    return said


def correlation_said(found: Correlation, name: str) -> str:
    """Whether the bits of a figure and what it keeps go together, whatever it is. name: of `FIGURES`"""
    return correlation_finding(found, (f"the bit count of “{FIGURES[name]}”", "the share kept"))


def head_kept(row: Mapping[str, Any]) -> list[str]:
    """What one head's models keep, with interval, baseline and sample. row: of `needs_table`"""
    head, name = head_of(row), measure_of(pd.DataFrame([row]))
    effect = f"{figure(row[name])} ({_interval(row, name, figure)})"
    what = "the loss changes by" if name == "loss_change" else "the last vectors turn by"
    unit = " nats per token" if name == "loss_change" else ""
    sample = f"{counted(int(row['sentences']), 'sentences')}, {counted(int(row['tokens']), 'tokens')}"
    first = f"Without {head}, {what} {effect}{unit}; {sample}."
    if pd.isna(row["kept_all"]):
        return [first, "That cannot be told from 0, so there is nothing to keep."]
    kept = {one: percent(row[f"kept_{one}"]) for one in (*FIGURES, "even")}
    return [
        f"Position alone keeps {kept['position']} ({_interval(row, 'kept_position', percent)}) of the effect of "
        f"{head}; an even spread keeps {kept['even']}.",
        f"With syntax it is {kept['position_syntax']}, with context {kept['position_context']}, with both "
        f"{kept['all']} ({_interval(row, 'kept_all', percent)}).",
        first,
    ]


def over(table: pd.DataFrame, options: Mapping[str, Any]) -> str:
    """The sample: ``200 built-in sentences, 3,412 tokens · models of the other half of 342 sentences``."""
    name = "built-in sentences" if options["corpus"] == builtin_corpus().name else f"sentences of {options['corpus']}"
    row = table.iloc[0]
    return (
        f"{counted(int(row['sentences']), name)}, {counted(int(row['tokens']), 'tokens')} · predictions fitted "
        f"on the other half of {int(row['fitted']):,} sentences"
    )


def _sample(table: pd.DataFrame) -> str:
    row = table.iloc[0]
    return f"{counted(int(row['sentences']), 'sentences')} ({counted(int(row['tokens']), 'tokens')})"


def _interval(row: Mapping[str, Any], name: str, written: Any) -> str:
    return f"{written(row[f'{name}_low'])} to {written(row[f'{name}_high'])}"
