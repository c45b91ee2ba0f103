"""The widget: what a person has chosen, and the head that is shown for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import anywidget
import traitlets

from dashboard.analyses.explore.api import attention, attention_together
from dashboard.analyses.profile.names import HeadName
from dashboard.analyses.scores.api import known_score
from dashboard.analyses.scores.survey import Survey
from dashboard.capture import AttentionModel
from dashboard.charts.browser import SENTENCE_JS
from dashboard.charts.theme import Theme
from dashboard.errors import UserError
from dashboard.export.typography.shipped_fonts import SHIPPED
from dashboard.heads.head_group import HOWS
from dashboard.heads.head_id import HeadId
from dashboard.heads.view import HeadView, existing_head
from dashboard.notebook.state import head_state, known_together, model_state
from dashboard.text import Encoding, Special, Unit

_BROWSER = Path(__file__).with_name("browser")
_PARTS = ("colours.js", "atlas.js", "arcs.js", "heat_map.js", "widget.js")
_OPTIONS = {
    "how": HOWS,
    "picture": ("arcs", "heatmap"),
    "unit": get_args(Unit),
    "special": get_args(Special),
    "theme": ("auto", *get_args(Theme)),
}
_ASKED = ("chosen", "together", "how", "unit", "special")  # of which the picture is


class Explorer(anywidget.AnyWidget):
    """All heads of a model over one text, and one of them or several as one, drawn. Made by `dashboard.explore`.

    Each of these can be read, and set to move the widget; a click sets it as well. Raises UserError for another value.

    Attributes
    ----------
    chosen: the head on show, like ``"L2H9"``, or the head whose layer is on show
    together: "head", the chosen one alone; "layer", all heads of its layer; or heads as `attention_together` takes
        them, ``"L2H1,L2H9"``, ``"layer:2"``, ``"all"`` or a list
    how: "mean", "sum" or "max" of several heads
    picture: "arcs" or "heatmap"
    atlas: how all heads are drawn: "maps", or the name of a score
    unit: "words" or "tokens"
    special: "show" or "hide": special tokens
    theme: "light", "dark", or "auto" for that of the notebook
    """

    _esm = "\n".join([SENTENCE_JS, *((_BROWSER / name).read_text(encoding="utf-8") for name in _PARTS)])
    _css = (_BROWSER / "widget.css").read_text(encoding="utf-8")
    chosen = traitlets.Any().tag(sync=True)
    together = traitlets.Any("head").tag(sync=True)
    how = traitlets.Any("mean").tag(sync=True)
    picture = traitlets.Any("arcs").tag(sync=True)
    atlas = traitlets.Any("maps").tag(sync=True)
    unit = traitlets.Any("words").tag(sync=True)
    special = traitlets.Any("show").tag(sync=True)
    theme = traitlets.Any("auto").tag(sync=True)
    _about = traitlets.Dict().tag(sync=True)
    _shown = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        model: AttentionModel,
        encoding: Encoding,
        whole: Survey,
        names: Mapping[HeadId, HeadName],
        **chosen: Any,
    ) -> None:
        self._reader, self._encoding, self._names = model, encoding, names
        super().__init__(**chosen, _about=model_state(model, encoding, whole, names))
        self.observe(self._show, list(_ASKED))
        self.on_msg(self._answer)

    @property
    def head(self) -> HeadId:
        """The chosen head."""
        return HeadId.parse(self.chosen)

    @property
    def view(self) -> HeadView:
        """The attention on show, as `dashboard.attention` gives it, of several heads `dashboard.attention_together`,
        in the unit that is shown.

        Raises UserError where hiding special tokens leaves nothing of the text.
        """
        over, shown = (self._reader, self._encoding), {"unit": self.unit, "special": self.special}
        if self.together == "head":
            return attention(*over, self.head, **shown)
        heads = f"layer:{self.head.layer}" if self.together == "layer" else self.together
        return attention_together(*over, heads, self.how, **shown)

    @property
    def _asked(self) -> list[str]:
        return [getattr(self, name) for name in _ASKED]

    @traitlets.default("_shown")
    def _state(self) -> dict[str, Any]:
        asked = {"asked": self._asked}  # so that each question has an answer, even where the picture is the same
        try:
            alone = self.together == "head"
            return asked | head_state(self.view, self._names.get(self.head) if alone else None)
        except UserError as error:
            return asked | {"head": self.chosen, "error": str(error)}

    def _show(self, _: object) -> None:
        if self._shown["asked"] != self._asked:  # of several changes at once the first shows all
            self._shown = self._state()

    def _answer(self, _: object, message: object, buffers: object) -> None:
        if message == {"wants": "faces"}:
            faces = [{"family": font.family, "weight": str(font.weight)} for font in SHIPPED]
            self.send({"faces": faces}, [font.woff2.read_bytes() for font in SHIPPED])

    @traitlets.validate("chosen")
    def _known_head(self, proposal: Mapping[str, Any]) -> str:
        return str(existing_head(self._reader, proposal["value"]))

    @traitlets.validate("together")
    def _known_together(self, proposal: Mapping[str, Any]) -> str:
        return known_together(self._reader, proposal["value"])

    @traitlets.validate("atlas")
    def _known_atlas(self, proposal: Mapping[str, Any]) -> str:
        return proposal["value"] if proposal["value"] == "maps" else known_score(proposal["value"])

    @traitlets.validate(*_OPTIONS)
    def _known_option(self, proposal: Mapping[str, Any]) -> str:
        name, value = proposal["trait"].name, proposal["value"]
        if value not in _OPTIONS[name]:
            raise UserError(f"There is no {name} “{value}”. Choose one of {', '.join(_OPTIONS[name])}.")
        return value

    def __repr__(self) -> str:
        said = self._shown.get("error") or self._shown["finding"]
        return f"Explorer at {self.chosen}, {self._reader.title}. {said}"
