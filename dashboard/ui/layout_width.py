"""How many pixels a picture has on this screen, told by the browser.

A drawing has a size of its own, so that a file looks like the screen; on a narrow screen it must be drawn
narrower. A component without a face of its own measures the page's column and tells the server a step of
`STEPS`, so that dragging a window's edge does not draw at every pixel. It also folds the sidebar in a narrow window.
"""

from __future__ import annotations

import streamlit as st
from streamlit.components.v2 import component
from streamlit.delta_generator import DeltaGenerator

from dashboard.ui.session import mark_widget_run

STEPS = (320, 380, 440, 520, 600, 680, 780, 880, 980)
USUAL = 980  # a window of 1440 pixels with the sidebar open
SIDE_BY_SIDE = 880
SHARES = (0.36, 0.64)
GAP = 32  # Streamlit's "medium"

NARROW = 900  # pixels of a window in which the sidebar is folded at first

_JS = """
let folded = false;

export default function ({ data, setStateValue, setTriggerValue }) {
  const page = document.querySelector('[data-testid="stMainBlockContainer"]');
  if (!page) return;
  if (!folded && window.innerWidth < data.narrow) {
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  }
  folded = true;
  let told = data.told;
  let waiting = 0;
  const measure = () => {
    const style = getComputedStyle(page);
    const room = page.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const step = Math.max(data.steps[0], ...data.steps.filter((step) => step <= room));
    if (step !== told) { told = step; setStateValue('step', step); }
  };
  const later = () => { clearTimeout(waiting); waiting = setTimeout(measure, 150); };
  const observer = new ResizeObserver(later);
  observer.observe(page);
  measure();
  // A picture is drawn for a light or a dark page. No event tells that the page has changed, so it is looked at.
  const paper = () => getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
  let drawnOn = paper();
  const looking = setInterval(() => {
    if (paper() !== drawnOn) { drawnOn = paper(); setTriggerValue('paper', drawnOn); }
  }, 1000);
  return () => { observer.disconnect(); clearTimeout(waiting); clearInterval(looking); };
}
"""


def measure() -> None:
    """Mount the measure; once a run, where it takes no place. Nothing is sent while the room is as it was told."""
    data = {"steps": STEPS, "told": room(), "narrow": NARROW}
    _component()(key="room", data=data, on_step_change=mark_widget_run, on_paper_change=mark_widget_run, height=0)


def room() -> int:
    """The width of the page's column in pixels, rounded down to a step."""
    told = st.session_state.get("room")
    step = told.get("step") if told else None
    return step if step in STEPS else USUAL


def beside(room: int, shares: tuple[float, float] = SHARES) -> tuple[DeltaGenerator, DeltaGenerator, int, int]:
    """Two places, next to each other where there is room and under one another where not, and the pixels of each.

    They wrap by themselves, so that nothing overlaps before the browser has told its width.
    """
    inner = room - GAP
    left, right = (int(inner * share) for share in shares) if room >= SIDE_BY_SIDE else (room, room)
    row = st.container(horizontal=True, gap="medium")
    return row.container(width=left), row.container(width=right), left, right


def _component():
    return component("two_heads_room", js=_JS)
