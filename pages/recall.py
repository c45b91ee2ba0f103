"""Why attention?: what recurrent networks forget, in a finished run, or in one of your own."""

from functools import partial

import streamlit as st

from dashboard import serving
from dashboard.analyses.recall.api import draw_recall, nothing_yet, recall_table
from dashboard.analyses.recall.experiment import RecallRun
from dashboard.analyses.recall.finished import differing, finished_run
from dashboard.analyses.recall.text import (
    accuracy_finding,
    claim,
    differs_in,
    gradient_finding,
    measured_when,
    path_finding,
    time_finding,
)
from dashboard.ui import figure, session
from dashboard.ui.figure import Columns, Figure, Table
from dashboard.ui.layout_width import page_width
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


def show(study: RecallRun, picture: str, width: int, sentence: str, columns: Columns, *, awaited: bool = False) -> None:
    """One picture with its finding, files and table."""
    chart = draw_recall(study, picture, **session.look(width).keywords())
    table, key = partial(recall_table, study, picture), f"recall_{picture}"
    figure.show(Figure(chart, table, key, finding=sentence, tables=[Table(columns)], awaited=awaited))


def task(width: int) -> None:
    """What is asked of the networks, on one example."""
    nothing = nothing_yet(config if study is None else study.result.config)
    chart = draw_recall(nothing, "task", **session.look(width).keywords())
    show(nothing, "task", width, chart.description, {"place": "Place", "symbol": "Symbol"})


# What is there to see: a run of these settings, or the one that comes with the package
config = session.choices().recall
own, finished = recall_runs.found(config), finished_run()
differs = differing(config) if finished is not None and own is None else {}
study = own or (finished.study if finished is not None else None)
going = recall_runs.going(config)
wide = page_width()

st.caption(
    "Recurrent networks read word by word and keep one vector, their state. How far back can they remember? Four "
    "networks of the same size learn to recall the first symbol of a sequence. The symbols after it do not matter "
    "(distractors). Plain RNN, GRU and LSTM are recurrent; the fourth is one attention layer."
)
if going:
    recall.progress(config)
elif study is None or not study.result.points:
    task(min(wide, 780))
else:
    said = claim(study.result) if study.complete else accuracy_finding(study.result)
    show(study, "accuracy", wide, said, COLUMNS, awaited=True)
    if own is None and finished is not None:
        figure.remark(measured_when(finished))

# A run of one's own
if serving.for_others():
    st.caption("This server shows the finished run. On your own machine a button trains the networks anew.")
else:
    st.subheader("Train the networks here", anchor=False)
if recall_runs.failed(config):
    st.error("The run broke off. Try it again with fewer distances or seeds.", icon=":material/error:")
if own is not None and not own.complete:
    st.info("This run was stopped: here is what it had measured.", icon=":material/stop_circle:")
elif differs and not going:
    st.info(differs_in(differs), icon=":material/info:")
how_long = None
if not serving.for_others():
    recall.controls()
    figure.remark(recall.budget(config))
    how_long = None if going else recall.button(config, own)

# What the run says besides
if study is not None and study.result.points and not going:
    task(min(wide, 780))
    if study.result.gradients:
        sentence = gradient_finding(study.result)
        columns = {"model": "Model", "when": "When", "back": "Places back", "norm": "Size", "low": "from", "high": "to"}
        show(study, "gradients", wide, sentence, columns)
    if study.timings:
        sentence = time_finding(study.timings)
        columns = {"model": "Model", "n": "Positions", "milliseconds": "ms in all", "microseconds_each": "µs each"}
        show(study, "times", min(wide, 680), sentence, columns)
elif going:
    task(min(wide, 780))
show(
    nothing_yet(config) if study is None else study,
    "paths",
    min(wide, 680),
    path_finding(config if study is None else study.result.config),
    {"model": "Model", "distance": "Places apart", "steps": "Steps"},
)
if how_long is not None:
    recall.show_duration(how_long, config, own)
