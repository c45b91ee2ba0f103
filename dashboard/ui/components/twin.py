"""The untrained twin on a page: the switch, what is known of it, and how it is measured in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import streamlit as st

from dashboard.capture import AttentionModel
from dashboard.errors import UserError
from dashboard.heads.untrained import TAUGHT
from dashboard.jobs.job import find, forget
from dashboard.jobs.measurement import Found, Measurement
from dashboard.jobs.results import AllHeads
from dashboard.models.memory import gigabytes, needed_bytes
from dashboard.ui import figure, job_panel, session
from dashboard.ui.markdown import escape_markdown

OfHeads = TypeVar("OfHeads", bound=AllHeads)
Joined = TypeVar("Joined")
HELP = (
    f"The same architecture with random weights, as before training (seed 0). {TAUGHT} It is drawn next to the model "
    "as a strip, a tick or a cross."
)


def switch() -> None:
    """Whether the twin is drawn, in the address."""
    st.segmented_control(
        "Untrained twin",
        ["yes", "no"],
        required=True,
        format_func={"yes": "Show", "no": "Hide"}.__getitem__,
        help=HELP,
        **session.bound("twin"),
    )


@dataclass(frozen=True, eq=False)
class Twin(Generic[OfHeads, Found]):
    """What is known of the untrained twin of the model on show.

    Attributes
    ----------
    measurement, request: its measurement; the request None where the twin is hidden or there is none
    found: the result, None where there is none yet
    why: a sentence about what is missing, "" for none
    can: whether a job can measure it
    """

    measurement: Measurement[OfHeads, Found]
    request: OfHeads | None = None
    found: Found | None = None
    why: str = ""
    can: bool = True

    @property
    def explained(self) -> str:
        """What the twin is drawn for; "" where it is not drawn."""
        return TAUGHT if self.found is not None else ""

    def joined(self, whole: Joined, join: Callable[[Joined, Found], Joined]) -> tuple[Joined, Twin[OfHeads, Found]]:
        """`whole` with the twin's figures where there are some; and the same, with a sentence where they do not fit."""
        if self.found is None:
            return whole, self
        try:
            return join(whole, self.found), self
        except UserError as wrong:
            return whole, replace(self, found=None, why=str(wrong), can=False)


def known(
    measurement: Measurement[OfHeads, Found],
    request: Callable[[], OfHeads],
    can: Callable[[OfHeads], bool] = lambda _: True,
) -> Twin[OfHeads, Found]:
    """What is known of the twin. request: makes the request, or raises UserError where the model has no twin; can: says
    whether a job can measure it"""
    if session.choices().twin != "yes":
        return Twin(measurement)
    try:
        asked = request()
    except UserError as none:
        return Twin(measurement, why=str(none))
    measurable = can(asked)
    try:
        found = job_panel.result(measurement, asked)
    except UserError as broken:
        return Twin(measurement, asked, why=str(broken), can=measurable)
    if found is not None and (job := find(measurement.folder(asked))) is not None and job.progress.state == "done":
        forget(job.out)  # its file holds the text that was measured
    return Twin(measurement, asked, found, can=measurable)


def tell(twin: Twin, model: AttentionModel, over: str, otherwise: str = "") -> None:
    """Where the twin is not drawn though it is to be: why, its job, or a button that starts one.

    over: what it is measured over, "this text"; otherwise: said where no job can measure it
    """
    if twin.found is not None:
        return
    if twin.request is None or not twin.can:
        figure.remark(twin.why or (otherwise if twin.request is not None else ""))
        return
    job_panel.result_or_offer(
        twin.measurement,
        twin.request,
        f"**Untrained twin of {escape_markdown(model.title)}**",
        lambda: figure.remark(
            twin.why,
            f"The untrained twin has not been measured over {over} yet. It runs in the background, takes about "
            f"{_memory(model)} of memory while it does, and the result is kept.",
        ),
        act="Measure the untrained twin",
        key=f"twin_{twin.measurement.place}",
    )


def _memory(model: AttentionModel) -> str:
    return gigabytes(needed_bytes(sum(one.numel() for one in model.network.parameters()), 0, "float32"))
