"""Pinned heads: each is a head of one model. Nothing here knows Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.ui.url_fields import LONGEST_PATH, Kind, Known, short


@dataclass(frozen=True)
class Pin:
    """A pinned head. model: its model, "" for the chosen one"""

    head: HeadId
    model: str = ""


def heads_here(pins: Sequence[Pin]) -> tuple[HeadId, ...]:
    """The pinned heads of the chosen model."""
    return tuple(pin.head for pin in pins if not pin.model)


def with_heads(pins: Sequence[Pin], heads: Sequence[HeadId], most: int) -> tuple[Pin, ...]:
    """The pins with these heads of the chosen model instead of its earlier ones; the oldest of others are dropped."""
    here = tuple(Pin(head) for head in heads)
    elsewhere = tuple(pin for pin in pins if pin.model)
    return (*here, *elsewhere[max(0, len(here) + len(elsewhere) - most) :])


def carried_over(pins: Sequence[Pin], before: str, now: str) -> tuple[Pin, ...]:
    """The same pins after another model is chosen: those without a name belonged to the earlier model."""
    named = (pin.model or before for pin in pins)
    return tuple(replace(pin, model="" if of == now else of) for pin, of in zip(pins, named, strict=True))


class Pins(Kind):
    """At most `size` pins, like ``L2H9,smollm2:L0H1``, in the parameter `tray`."""

    def __init__(self, size: int):
        self.size = size

    def parameters(self, name: str) -> tuple[str, ...]:
        return ("tray",)

    def write(self, name: str, value: tuple[Pin, ...]) -> dict[str, str]:
        return {"tray": ",".join(f"{quote(pin.model, safe='/')}:{pin.head}".removeprefix(":") for pin in value)}

    def read(self, name: str, raw: str, known: Known) -> tuple[Pin, ...]:
        pins = tuple(dict.fromkeys(map(_pin, filter(None, map(str.strip, raw.split(","))))))
        if len(pins) > self.size:
            raise UserError(f"The link pins {len(pins)} heads; at most {self.size} can be pinned. None was pinned.")
        return pins


def _pin(written: str) -> Pin:
    model, _, head = written.rpartition(":")
    return Pin(HeadId.parse(short(head)), unquote(model)[:LONGEST_PATH])
