"""The controls of “Why attention?”: which run, the button that begins it, and its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.analyses.recall.api import draw_recall, recall_table
from dashboard.analyses.recall.experiment import RecallRun
from dashboard.analyses.recall.task import CALLED, NAMES, Recall
from dashboard.analyses.recall.text import accuracy_finding
from dashboard.errors import UserError
from dashboard.ui import figure, session
from dashboard.ui.figure import Figure
from dashboard.ui.layout_width import page_width
from dashboard.ui.pages import recall_runs
from dashboard.ui.toy_recall_urls import RUNS, bounded

REACHES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64)  # distances to choose from


def controls() -> None:
    """The controls: which run, and its settings."""
    config = session.choices().recall
    name = next((name for name, run in RUNS.items() if run == config), None)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.segmented_control(
            "Run",
            list(RUNS),
            format_func=str.capitalize,
            help="How long the run is: more or fewer distances and training steps.",
            **_tied("name", name, lambda config, chosen: RUNS[chosen]),
        )
        for field, label, low, high, step, help_ in (
            ("seeds", "Seeds", 2, 10, 1, "Each is a network of its own, with its own first weights and sequences."),
            ("steps", "Training steps", 20, 2000, 20, "At most. A network that has been right for long stops early."),
            ("symbols", "Symbols", 2, 26, 1, "How many there are to choose from. Guessing is right in 1 of so many."),
        ):
            st.number_input(
                label,
                low,
                high,
                step=step,
                width=112,
                help=help_,
                **_tied(
                    field,
                    min(max(getattr(config, field), low), high),
                    lambda config, value, field=field: replace(config, **{field: int(value)}),
                ),
            )
    st.pills(
        "Distractors",
        sorted({*REACHES, *config.distances}),
        selection_mode="multi",
        help="How many symbols stand between the first one and the question. Every model is trained for each.",
        **_tied("distances", list(config.distances), _with_distances),
    )
    if message := st.session_state.pop("recall_says", ""):
        st.warning(message, icon=":material/info:")


def budget(config: Recall) -> str:
    """The number of weights of each network, in a sentence: none wins by being larger."""
    from dashboard.analyses.recall.networks import count

    counts = ", ".join(f"{CALLED[name]} {count(name, config):,}" for name in NAMES)
    return (
        f"Parameters of each network: {counts}. Each is trained once for each of {config.seeds} seeds and each "
        "distance."
    )


def button(config: Recall, run: RecallRun | None) -> DeltaGenerator:
    """The button that trains; for a complete run, its duration. Returns the place for `show_duration`."""
    place = st.empty()
    if run is not None and run.complete:
        figure.remark(f"This run took {run.result.seconds:.0f} seconds; it is kept until the dashboard is closed.")
        return place
    st.button(
        "Train" if run is None else "Train again, to the end",
        icon=":material/play_arrow:",
        on_click=recall_runs.begin,
        args=(config,),
        key="recall_train",
    )
    return st.empty()


def show_duration(place: DeltaGenerator, config: Recall, run: RecallRun | None) -> None:
    """Show how long a run takes on this machine. Timing it takes a moment, so this comes after the pictures."""
    if run is not None and run.complete:
        return
    networks = f"{len(config.distances) * len(NAMES) * config.seeds} networks"
    with place.container():
        figure.remark(f"{networks}, timed now to say how long that takes…")
    seconds = recall_runs.estimated(config)
    with place.container():
        figure.remark(
            f"{networks}; at most about {_rounded(seconds)} on this machine, timed just now. You can stop it and keep "
            "what is measured by then."
        )


@st.fragment(run_every=0.7)
def progress(config: Recall) -> None:
    """The bar, the button that stops, and the first picture as it grows. Redraws the whole page at the end."""
    run = recall_runs.going(config)
    if run is None:
        st.rerun()
    latest = run.latest
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(0.0 if latest is None else latest.fraction, "Starting…" if latest is None else f"{latest.doing}…")
        if st.button("Stop", icon=":material/stop:", key="recall_stop"):
            recall_runs.stop(config)
            st.rerun()
    if latest is not None and latest.result.points:
        figure.finding(accuracy_finding(latest.result))
        chart = draw_recall(latest, "accuracy", **session.look(page_width()).keywords())
        figure.picture(Figure(chart, partial(recall_table, latest, "accuracy"), "recall_growing"))


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} seconds"
    return f"{round(seconds / 60)} minutes"


def _tied(part: str, value: Any, change: Callable[[Recall, Any], Recall]) -> dict[str, Any]:
    key = f"recall_{part}"
    st.session_state[key] = value
    return {"key": key, "on_change": _take, "args": (key, change)}


def _take(key: str, change: Callable[[Recall, Any], Recall]) -> None:
    value = st.session_state[key]
    if value is None:
        return
    try:
        session.change(recall=bounded(change(session.choices().recall, value)))
    except UserError as wrong:
        st.session_state["recall_says"] = str(wrong)


def _with_distances(config: Recall, distances: list[int]) -> Recall:
    return replace(config, distances=tuple(sorted(distances)))
