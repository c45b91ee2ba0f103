"""What the heads of the model on show are called, by its profile; wherever heads are listed, the same names.

A model without a profile has none: its heads are told by their numbers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from dashboard.analyses.profile.names import HeadName, clearest, head_names
from dashboard.analyses.profile.tables import Profile
from dashboard.analyses.scores.induction import induction_of_heads
from dashboard.capture import AttentionModel
from dashboard.charts.look import Selection
from dashboard.heads.head_id import HeadId, columns_of, heads_of
from dashboard.ui import head_picker, model_and_text, profile_picker, session
from dashboard.ui.figure import Columns, Table
from dashboard.ui.markdown import escape_markdown
from dashboard.ui.model_and_text import Opened

COLUMN = st.column_config.TextColumn("Name", help="What the head does, by the model's profile.")


@st.cache_resource(max_entries=6, show_spinner=False)
def _named(
    key: str, _profile: Profile, _model: AttentionModel
) -> tuple[dict[HeadId, HeadName], dict[HeadId, str], HeadId | None]:
    """The names, the same as charts take them, with the figures on a line of their own, and the clearest head."""
    names = head_names(_profile, induction_of_heads(_model))
    return names, {head: f"{name.text}\n{name.figures}" for head, name in names.items()}, clearest(_profile)


def _all(this: Opened) -> tuple[dict[HeadId, HeadName], dict[HeadId, str], HeadId | None]:
    if this.model.part in ("decoder", "cross"):  # profiles are of the encoder
        return {}, {}, None
    profile = profile_picker.readable(this)
    if profile is None:
        return {}, {}, None
    about = profile.about
    return _named(
        "\n".join(str(about.get(part, "")) for part in ("model", "revision", "sha256", "seal")), profile, this.model
    )


def names_of(this: Opened) -> Mapping[HeadId, HeadName]:
    """Every head's name; empty where the model has no profile."""
    return _all(this)[0]


def of_chosen_model() -> Mapping[HeadId, HeadName]:
    """The same of the model that is chosen, where it can be opened."""
    this = model_and_text.opened_or_none()
    return {} if this is None else names_of(this)


def for_charts(this: Opened) -> Mapping[HeadId, str]:
    """The names as charts take them, each with its figures on a line of its own (see `charts.look.Selection`)."""
    return _all(this)[1]


def open_on_clearest(this: Opened) -> None:
    """A bare address opens on the model's clearest head, where it has a profile."""
    if (head := _all(this)[2]) is not None:
        session.open_on(head, bare=True)


def titles(this: Opened, heads: Iterable[HeadId]) -> list[str]:
    """``L2H0 · verb of the object`` for each; the heads alone where the model has no profile."""
    names = names_of(this)
    return [f"{head} · {names[head].text}" if head in names else str(head) for head in heads]


def tell(this: Opened, heads: Iterable[HeadId]) -> None:
    """What these heads are called, side by side, the evidence one hover away; nothing where there is no profile."""
    names = names_of(this)
    if known := [head for head in heads if head in names]:
        with st.container(horizontal=True, gap="medium"):
            for head, title in zip(known, titles(this, known), strict=True):
                st.markdown(
                    f"**{escape_markdown(title)}**",
                    help=escape_markdown(names[head].evidence),
                    width="content",
                )


def selection(this: Opened, key: str) -> Selection:
    """What the picture of all heads with this key marks, and what it calls them (see `head_picker.selection`)."""
    return replace(head_picker.selection(key), names=for_charts(this))


def table(
    this: Opened, columns: Columns, rows: pd.DataFrame | Callable[[], pd.DataFrame], note: str = "", key: str = ""
) -> Table:
    """A table of heads as the page shows it, with their names where there are some. The files are as they were."""
    if not names_of(this):
        return Table(columns, rows, note, key=key)
    return Table(with_column(columns), partial(with_names, this, rows), note, key=key)


def with_names(this: Opened, rows: pd.DataFrame | Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """The rows, each with its head's name where there are some, after the columns that say which head it is."""
    found, names = rows() if callable(rows) else rows, names_of(this)
    if not names:
        return found
    told = [names[head].text if head in names else "" for head in heads_of(found)]
    named = found.copy()
    named.insert(1 + max(map(list(found).index, columns_of(found))), "name", told)
    return named


def in_one(this: Opened, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of a narrow table: in place of the columns that say which head it is one, ``L2H0 · verb of the object``.
    As they are where there is no profile."""
    if not names_of(this):
        return rows
    told = titles(this, heads_of(rows))
    return rows.drop(columns=columns_of(rows)).assign(head=told)[["head", *rows.columns.drop(columns_of(rows))]]


def with_column(columns: Columns) -> Columns:
    """Columns of a table of heads, and the one of their names."""
    return {**columns, "name": COLUMN}
