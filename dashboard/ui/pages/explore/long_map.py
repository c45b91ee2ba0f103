"""“All heads” over a long text: the chosen head as a map that zooms, and a part of it as any other picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from dashboard.analyses.explore.draw_long_text import map_of, map_provenance
from dashboard.analyses.explore.long_text import LongReading
from dashboard.analyses.explore.map_chart import Part, top_of
from dashboard.analyses.explore.map_tiles import tiles
from dashboard.analyses.explore.views import VIEWS
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.heads.head_rows import HeadRows
from dashboard.ui import caches, downloads, figure, readings, session
from dashboard.ui.components import head_map
from dashboard.ui.model_and_text import Reading
from dashboard.ui.page import end_page, problem
from dashboard.ui.pages.explore import chosen_view
from dashboard.ui.url_fields import digest

KEY = "head_map"
SQUARES = (
    "Rows are queries, columns are keys. From far away a square holds several positions and shows the largest weight "
    "among them; close up each weight is exact."
)
BESIDE = 240.0  # pixels of a side, where another picture stands below it


@dataclass(frozen=True, eq=False)
class _Shown:
    """The map as it is shown.

    focus: the positions that a picture below it shows; None where the map itself is what is looked at
    """

    this: Reading
    source: HeadRows
    width: float
    finding: str
    focus: tuple[int, int] | None = None

    @property
    def picture(self) -> str:
        """Names the head, the text and how they are read."""
        text = self.this.encoding.text
        return digest("\n".join(map(str, (self.this.key, self.this.bos, self.source.head, self.positions, text))))

    @property
    def positions(self) -> str:
        """Names what stands along its sides: another head of the same text keeps what is in sight."""
        return digest(f"{self.source.unit} {self.source.hidden} {self.this.encoding.text}")


def read(this: Reading) -> LongReading | None:
    """The text as all heads read it, where it is a long one; None where its maps are drawn whole."""
    tokens, chosen = len(this.encoding), session.choices()
    if tokens < readings.FROM or not readings.tells(this.model, this.encoding):
        return None
    if chosen.measure_of == "contribution":
        if tokens <= caches.TOKENS_AT_MOST:
            return None
        figure.remark(
            f"Contributions are measured for texts of up to {caches.TOKENS_AT_MOST:,} tokens. These are the weights."
        )
    try:
        return readings.read(this)
    except UserError as wrong:
        if tokens <= caches.TOKENS_AT_MOST:
            return None
        problem(wrong)
        end_page()


def chosen_head(this: Reading, long: LongReading, head: HeadId, width: float) -> None:
    """The map of the head; or a small one, and below it a part of the text as it is to be shown."""
    chosen = session.choices()
    source = long.rows(head, unit=chosen.unit, special=chosen.special)
    finding = long.finding(head)
    figure.finding(finding)
    if chosen.view == "heatmap":
        _map(_Shown(this, source, min(width, 700.0), finding))
        return
    drawn_as = VIEWS[chosen.view]
    look = session.look(min(width, drawn_as.widest))
    count = min(len(source), drawn_as.most(look.width_or(drawn_as.widest)))
    start = max(0, min(chosen.start, len(source) - count))
    session.correct(start=start)
    view = source.window(start, start + count)
    figure.remark(f"The whole text as a map. Click a place to draw the {source.unit} around it.")
    _map(_Shown(this, source, min(width, BESIDE), finding, (start, start + count)))
    chosen_view.show(this, view, look)


@st.fragment
def _map(shown: _Shown) -> None:
    if st.session_state.pop("map_picked", False):
        st.rerun()
    this, source, m = shown.this, shown.source, len(shown.source)
    whole = caches.map_overview(this.key, this.encoding.text, this.bos, source.head, source.unit, source.hidden, source)
    want = head_map.wanted(KEY, shown.picture, m, whole.level)
    if want is not None:
        st.session_state["map_region"] = shown.positions, want.region
    found = {} if want is None else tiles(source, want.level, want.tiles)
    place = st.container(key="picture_head") if shown.focus is None else st.container()
    with place:
        head_map.show(
            KEY,
            shown.picture,
            shown.positions,
            whole,
            top_of(whole.strong),
            sides=[source.axis],
            unit=source.unit.removesuffix("s"),
            causal=source.causal,
            alt=f"Map of {source.head}, {source.model}. {shown.finding}",
            theme=session.theme(),
            most=shown.width,
            tiles=found,
            level=0 if want is None else want.level,
            answers=want is not None,
            focus=shown.focus,
            picked=None if shown.focus is None else _around(shown.focus, m),
        )
    if shown.focus is not None:
        return
    figure.remark(SQUARES, chosen_view.ONE_TEXT)
    part = Part(source, *_region(shown.positions, m))
    look = session.look(min(shown.width, VIEWS["heatmap"].widest))
    drawn = partial(map_of, this.model, part, look, this.options)
    with st.container(horizontal=True, gap="medium", key="files_head"):
        provenance = map_provenance(this.model, part, look, this.options)
        downloads.offer(downloads.Files(drawn, part.table, [], provenance), "head")


def _region(positions: str, m: int) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """The rows and the columns that are in sight; None for all of them."""
    of, region = st.session_state.get("map_region", ("", None))
    if of != positions or region is None or region == (0, m, 0, m):
        return None, None
    return region[:2], region[2:]


def _around(focus: tuple[int, int], m: int) -> Callable[[int], None]:
    """Draws the part of the text around a position."""
    count = focus[1] - focus[0]

    def pick(row: int) -> None:
        session.change(start=max(0, min(row - count // 2, m - count)))
        st.session_state["map_picked"] = True

    return pick
