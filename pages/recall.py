"""Why attention?: what recurrent networks forget, measured on the spot."""

from functools import partial

import streamlit as st

from dashboard.analyses.recall.api import draw_recall, nothing_yet, recall_table
from dashboard.analyses.recall.experiment import RecallRun
from dashboard.analyses.recall.text import accuracy_finding, gradient_finding, path_finding, time_finding
from dashboard.ui import figure, session
from dashboard.ui.figure import Columns, Figure, Table
from dashboard.ui.layout_width import page_width
from dashboard.ui.page import end_page
from dashboard.ui.pages import recall, recall_runs

COLUMNS = {
    "model": "Model",
    "distance": "Distance",
    "accuracy": st.column_config.NumberColumn("Right", format="percent"),
    "low": st.column_config.NumberColumn("from", format="percent", help="95 % interval over the seeds."),
    "high": st.column_config.NumberColumn("to", format="percent"),
    "weights": "Weights",
    "steps": "Steps",
    "seconds": st.column_config.NumberColumn("Seconds", format="%.1f"),
}


def show(run: RecallRun, picture: str, width: int, sentence: str, columns: Columns) -> None:
    """One picture with its finding, files and table."""
    chart = draw_recall(run, picture, **session.look(width).keywords())
    table, key = partial(recall_table, run, picture), f"recall_{picture}"
    figure.show(Figure(chart, table, key, finding=sentence, tables=[Table(columns)]))


def task(width: int) -> None:
    """The task of the networks, on one example."""
    nothing = nothing_yet(config)
    chart = draw_recall(nothing, "task", **session.look(width).keywords())
    show(nothing, "task", width, chart.description, {"place": "Place", "symbol": "Symbol"})


# Inputs
st.caption(
    "Recurrent networks read word by word and hand on one state. How far back can they remember? Four networks learn "
    "one task here, from scratch."
)
recall.controls()
config = session.choices().recall
figure.remark(recall.budget(config))

# Results
wide = page_width()
if recall_runs.going(config):
    recall.progress(config)
    task(min(wide, 780))
    end_page()
if recall_runs.failed(config):
    st.error("The run broke off. Try it again with fewer distances or seeds.", icon=":material/error:")
run = recall_runs.found(config)
how_long = recall.button(config, run)

# Pictures
if run is None:
    task(min(wide, 780))
    st.markdown(
        "A run shows who still answers right at each distance, with the interval over the seeds and what guessing "
        "gives; how the gradient fades on its way back, before and after training; and how long each model takes for "
        "a position, in sequence and in parallel."
    )
else:
    if not run.complete:
        st.info("This run was stopped: here is what it had measured.", icon=":material/stop_circle:")
    if run.result.points:
        show(run, "accuracy", wide, accuracy_finding(run.result), COLUMNS)
    if run.result.gradients:
        sentence = gradient_finding(run.result)
        columns = {"model": "Model", "when": "When", "back": "Places back", "norm": "Size", "low": "from", "high": "to"}
        show(run, "gradients", wide, sentence, columns)
    if run.timings:
        sentence = time_finding(run.timings)
        columns = {"model": "Model", "n": "Positions", "milliseconds": "ms in all", "microseconds_each": "µs each"}
        show(run, "times", min(wide, 680), sentence, columns)
show(
    run or nothing_yet(config),
    "paths",
    min(wide, 680),
    path_finding(config),
    {"model": "Model", "distance": "Places apart", "steps": "Steps"},
)
recall.show_duration(how_long, config, run)
