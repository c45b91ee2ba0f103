"""Where a file comes from: enough to compute it again."""

from __future__ import annotations

import json
import platform
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, get_args

from dashboard.charts.theme import Theme
from dashboard.export.call import Lines, Made, Makes, Model, given, recipe
from dashboard.heads.format import listed
from dashboard.heads.head_group import HOW_OF, HeadGroup, named
from dashboard.heads.head_id import HeadId, plain
from dashboard.heads.view import HeadView
from dashboard.text.encoding import BETWEEN, Encoding
from dashboard.text.stretches import Continued

if TYPE_CHECKING:
    from dashboard.capture import AttentionModel

PACKAGES = ("torch", "transformers", "numpy", "pandas", "altair", "vl-convert-python")


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)


def versions() -> dict[str, str]:
    """Python and the packages that a number or a picture depends on, with their versions."""
    return dict(_versions())


@dataclass(frozen=True)
class Provenance:
    """What a figure or a table shows and what made it.

    Attributes
    ----------
    model: the name to open it by: a catalogue name, a hub id or a folder
    revision: the hub's commit, or "sha256:…" of the weights
    text: the text, whole; in a file with the "prompt" beside it, where a model wrote the rest
    heads: like ("L2H9",); empty for all heads
    unit, special: what the positions are, whether special tokens are shown or hidden
    view: the kind of picture, "matrix" or "scores"
    options: the other choices, e.g. {"theme": "light"}; of a target also the "part" of the model and the "source"
    versions: see `versions`
    title: the model's name for people
    call: the call that makes it; None if it follows from the rest: heads over a text, their scores, the atlas
    """

    model: str
    revision: str
    text: str
    heads: tuple[str, ...]
    unit: str
    special: str
    view: str
    options: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=versions)
    title: str = ""
    call: Made | None = None

    @property
    def recipe(self) -> str:
        """The Python lines of the call that makes `thing`; "" without a call."""
        return recipe(self.call) if self.call is not None else ""

    @property
    def opened(self) -> Model:
        """The model, for a call."""
        part, source = (str(self.options.get(name, "")) for name in ("part", "source"))
        return Model(self.model, self.revision, self.title, part, source)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values. The call is written as its lines, "recipe", and what it "makes"."""
        fields = asdict(replace(self, call=None), dict_factory=plain)
        del fields["call"]
        fields["recipe"] = self.recipe
        if self.call is not None and self.call.makes:
            fields["makes"] = self.call.makes
        if isinstance(self.text, Continued):
            fields["prompt"] = self.text.prompt
        return {"made_with": "Two Heads"} | json.loads(json.dumps(fields, default=str))

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Provenance:
        """The provenance that `to_dict` wrote, with the lines for the call."""
        known = {name: value for name, value in fields.items() if name in cls.__dataclass_fields__}
        lines, makes = fields.get("recipe"), fields.get("makes")
        call = Lines(lines, next((one for one in get_args(Makes) if one == makes), "")) if lines else None
        text = fields["text"]
        if isinstance(prompt := fields.get("prompt"), str) and text.startswith(prompt):
            text = Continued.of(text, len(prompt))
        return cls(**known | {"heads": tuple(fields["heads"]), "call": call, "text": text})

    def to_json(self) -> str:
        """ASCII only (other characters as \\u escapes), so that every container can hold it unchanged."""
        return json.dumps(self.to_dict(), ensure_ascii=True)

    def headline(self) -> str:
        """A title for the file: ``L2H9 · MiniLM · heatmap``; of two models' heads ``L2H9 of MiniLM and L0H1 of SmolLM2
        135M · compare``."""
        model, other = self.title or self.model, self.options.get("other_title")
        if other and len(self.heads) == 2:
            parts = [f"{self.heads[0]} of {model} and {self.heads[1]} of {other}", self.view]
        else:
            parts = [listed(self.heads) if self.heads else "All heads", model, self.view]
        return " · ".join(filter(None, parts))


def origin(
    model: Model,
    text: str,
    view: str,
    call: Made,
    *,
    heads: Iterable[str | HeadId] = (),
    unit: str = "words",
    special: str = "show",
    options: Mapping[str, Any],
) -> Provenance:
    """The provenance of the result of a call. text: "" if it is not of one text; options: the other choices"""
    beside = {"part": model.part, "source": model.source} if model.source else {}
    return Provenance(
        model=model.name,
        revision=model.revision,
        text=text,
        heads=tuple(map(str, heads)),
        unit=unit,
        special=special,
        view=view,
        options=beside | dict(options),
        title=model.title,
        call=call,
    )


def reading(encoding: Encoding, *, bos: bool = True, limit: int | None = None) -> dict[str, Any]:
    """The options with which a text was read."""
    return {"bos": bos} | given(limit=limit, pair=encoding.pair or None)


def provenance_of(
    views: Sequence[HeadView],
    view_name: str,
    theme: Theme = "light",
    *,
    model: str = "",
    revision: str = "",
    **options: Any,
) -> Provenance:
    """The provenance of a picture of these views, which are of one model and one text.

    Parameters
    ----------
    model: the name to open the model by (default: its title, the only name a HeadView knows)
    revision: the model's revision
    options: the arguments of `draw` besides the theme
    """
    first, groups = views[0], [view for view in views if isinstance(view.head, HeadGroup)]
    scale: dict[str, Any] = {} if first.measure == "weight" else {"measure": first.measure}
    if first.measure == "contribution":
        scale["full"] = max(view.full for view in views)
    if groups:
        scale["of"] = [named(view.head) for view in views]
    if 0 < len(groups) < len(views):  # heads, and several as one next to them
        scale["together"] = [HOW_OF.get(view.measure) for view in views]
    read = {"pair": first.pair} if first.pair else {}
    read |= {"between": first.only} if first.only else {}
    if source := first.source or (first.text if first.target else ""):
        read |= {"part": first.head.part, "source": source}
    return Provenance(
        model=model or first.name or first.model,
        revision=revision or first.revision,
        text=first.target or (first.text[: -len(BETWEEN + first.pair)] if first.pair else first.text),
        heads=tuple(str(view.head) for view in views),
        unit=first.unit,
        special=first.hidden,
        view=view_name,
        options=scale | read | {"theme": theme} | options,
        title=first.model,
    )


# Windows takes these names for devices, whatever the ending.
_DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)


def file_stem(provenance: Provenance) -> str:
    """A file's name without its ending: ``minilm-L2H9-heatmap``. ASCII, at most 100 characters, safe on Windows."""
    model = _model_slug(provenance.model)
    heads = list(provenance.heads[:4])
    if (other := provenance.options.get("other_model")) and len(heads) == 2:
        heads.insert(1, _model_slug(str(other)))
    if len(provenance.heads) > 4:
        heads.append(f"and-{len(provenance.heads) - 4}-more")
    parts = [model or "model", *map(_slug, heads), _slug(provenance.view)]
    if score := provenance.options.get("score"):
        parts.append(_slug(str(score)))
    if provenance.options.get("measure") == "contribution":
        parts.append("contribution")
    stem = "-".join(part for part in parts if part)[:100].strip("-")
    return f"{stem}-figure" if _DEVICE.fullmatch(stem) else stem


def _model_slug(name: str) -> str:
    return _slug(re.split(r"[\\/]", name.rstrip("\\/"))[-1].partition("@")[0])[:40].strip("-")


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-")


def provenance_of_text(model: AttentionModel, encoding: Encoding, name: str, **options: object) -> Provenance:
    """The provenance of something about all heads over a text."""
    options = ({"pair": encoding.pair} if encoding.pair else {}) | options
    source = model.given.source if model.given else None
    if source is not None:
        options = {"part": model.part, "source": source.text} | options
    return Provenance(
        model=model.name,
        revision=model.revision,
        text=encoding.texts[0],
        heads=(),
        unit="tokens",
        special="show",
        view=name,
        options=dict(options),
        title=model.title,
    )
