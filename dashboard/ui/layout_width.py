"""How many pixels wide a picture can be on this screen, as the browser reports it.

A drawing has a fixed size, so that a file looks like the screen; on a narrow screen it must be drawn narrower. An
invisible component measures the page's column and sends a step of `STEPS`, so that dragging a window's edge does not
redraw at every pixel. It also folds the sidebar in a narrow window.
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

// On a busy machine the button comes after this, or is not heard yet.
const fold = (tries) => {
  if (document.querySelector('[data-testid="stExpandSidebarButton"]')) return;
  document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  if (tries) setTimeout(fold, 100, tries - 1);
};

export default function ({ data, setStateValue, setTriggerValue }) {
  const page = document.querySelector('[data-testid="stMainBlockContainer"]');
  if (!page) return;
  if (!folded && window.innerWidth < data.narrow) fold(20);
  folded = true;
  let sent = data.sent;
  let waiting = 0;
  const measure = () => {
    const style = getComputedStyle(page);
    const width = page.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const step = Math.max(data.steps[0], ...data.steps.filter((step) => step <= width));
    if (step !== sent) { sent = step; setStateValue('step', step); }
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
    """Mount the component that measures the page; once a run, where it takes no space. It sends only a changed step."""
    data = {"steps": STEPS, "sent": page_width(), "narrow": NARROW}
    _component()(key="page_width", data=data, on_step_change=mark_widget_run, on_paper_change=mark_widget_run, height=0)


def page_width() -> int:
    """The width of the page's column in pixels, rounded down to a step."""
    reported = st.session_state.get("page_width")
    step = reported.get("step") if reported else None
    return step if step in STEPS else USUAL


def beside(width: int, shares: tuple[float, float] = SHARES) -> tuple[DeltaGenerator, DeltaGenerator, int, int]:
    """Two containers, next to each other if the page is wide enough, else one below the other, and their widths in px.

    The browser wraps them, so nothing overlaps before the browser has reported its width.
    """
    inner = width - GAP
    left, right = (int(inner * share) for share in shares) if width >= SIDE_BY_SIDE else (width, width)
    row = st.container(horizontal=True, gap="medium")
    return row.container(width=left), row.container(width=right), left, right


def _component():
    return component("two_heads_page_width", js=_JS)
