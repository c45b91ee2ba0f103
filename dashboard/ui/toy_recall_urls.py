"""The toy and the recall task in the address: short, readable, without defaults.

    ?toy=heads&toy_words=Ramen+is+food&toy_q=1,0;0,.5        the preset “heads” with words and a W_Q of one's own
    ?recall=shorter&recall_seeds=5                           the shorter run with five seeds

Nothing here knows Streamlit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from dashboard.analyses.recall.task import DEFAULT, LONGER, SHORTER, Recall
from dashboard.analyses.toy.example import MOST_WORDS, Cells, Example, example
from dashboard.analyses.toy.presets import PRESETS, SENTENCE
from dashboard.errors import UserError

RUNS = {"shorter": SHORTER, "usual": DEFAULT, "longer": LONGER}

LONGEST_WORDS = 120  # characters of all words together
_TABLE = {"toy_x": "x", "toy_q": "w_q", "toy_k": "w_k", "toy_v": "w_v"}
_SWITCH = {"yes": True, "no": False}


def words_of(text: str) -> tuple[tuple[str, ...], str]:
    """The words that a person typed, and a sentence if some were left out (or "")."""
    every = text[:LONGEST_WORDS].split()
    if not every:
        return SENTENCE, "The page “Attention by hand” needs a word or more. It shows its own sentence."
    if len(every) > MOST_WORDS or len(text) > LONGEST_WORDS:
        words = tuple(every[:MOST_WORDS])
        return words, (
            f"The page “Attention by hand” takes {MOST_WORDS} words of {LONGEST_WORDS} letters in all. It uses your "
            "first words."
        )
    return tuple(every), ""


def toy_to_address(toy: Example) -> dict[str, str]:
    """The parameters that differ from the preset with the default words."""
    usual = example(toy.preset, toy.words)
    address = {} if toy.preset == "identity" else {"toy": toy.preset}
    if toy.words != SENTENCE:
        address["toy_words"] = " ".join(toy.words)
    for name, table in _TABLE.items():
        if getattr(toy, table) != getattr(usual, table):
            address[name] = _written(getattr(toy, table))
    if toy.heads != usual.heads:
        address["toy_heads"] = str(toy.heads)
    for name, field in (("toy_causal", "causal"), ("toy_scaled", "scaled")):
        if getattr(toy, field) != getattr(usual, field):
            address[name] = "yes" if getattr(toy, field) else "no"
    return address


def toy_from_address(address: Mapping[str, str]) -> tuple[Example, list[str]]:
    """The toy that a link asks for, and a sentence for what could not be read; it never raises."""
    notices = []
    preset = address.get("toy", "identity")
    if preset not in PRESETS:
        notices.append("The link asks for a lesson of “Attention by hand” that does not exist. The first one is shown.")
        preset = "identity"
    words, notice = words_of(address["toy_words"]) if "toy_words" in address else (SENTENCE, "")
    notices += [notice] if notice else []
    changed: dict[str, Any] = {
        table: [row.split(",") for row in address[name][:2000].split(";")]
        for name, table in _TABLE.items()
        if name in address
    }
    try:
        for name, field in (("toy_causal", "causal"), ("toy_scaled", "scaled")):
            if name in address:
                changed[field] = _choice(name, address[name], _SWITCH)
        if "toy_heads" in address:
            changed["heads"] = _choice("toy_heads", address["toy_heads"], {"1": 1, "2": 2})
        return example(preset, words, **changed), notices
    except UserError as wrong:
        return example(preset, words), [*notices, f"The tables in the link do not fit “Attention by hand”. {wrong}"]


Value = TypeVar("Value")


def recall_to_address(config: Recall) -> dict[str, str]:
    """The parameters for a run: the closest built-in run, and what differs from it."""
    name = next((name for name, run in RUNS.items() if run == config), None)
    if name is not None:
        return {} if name == "usual" else {"recall": name}
    base = next((name for name, run in RUNS.items() if run.distances == config.distances), "usual")
    address = {} if base == "usual" else {"recall": base}
    if config.distances != RUNS[base].distances:
        address["recall_distances"] = ",".join(map(str, config.distances))
    for field in ("seeds", "steps", "symbols"):
        if getattr(config, field) != getattr(RUNS[base], field):
            address[f"recall_{field}"] = str(getattr(config, field))
    return address


def recall_from_address(address: Mapping[str, str]) -> tuple[Recall, list[str]]:
    """The run that a link asks for, and a sentence for what could not be read; it never raises."""
    try:
        config = _choice("recall", address.get("recall", "usual"), RUNS)
        changed: dict[str, Any] = {
            field: _whole(address[f"recall_{field}"])
            for field in ("seeds", "steps", "symbols")
            if f"recall_{field}" in address
        }
        if "recall_distances" in address:
            changed["distances"] = tuple(_whole(part) for part in address["recall_distances"][:200].split(","))
        return bounded(replace(config, **changed)), []
    except UserError as wrong:
        return DEFAULT, [f"The link's run for “Why attention?” cannot be made. {wrong}"]


MOST_WORK = 2_000_000  # (distance + 4) × seeds × steps over all distances: about five times the longer run


def bounded(config: Recall) -> Recall:
    """The same run. Raises UserError for one that would keep a laptop busy for many minutes."""
    if sum(distance + 4 for distance in config.distances) * config.seeds * config.steps > MOST_WORK:
        raise UserError("It would take many minutes. Choose fewer distances, seeds or steps.")
    return config


def _written(table: Cells) -> str:
    return ";".join(",".join("" if cell is None else _short(cell) for cell in row) for row in table)


def _short(number: float) -> str:
    """The shortest form that reads back the same: 1, 0.5, 1e+30."""
    return repr(number).removesuffix(".0")


def _choice(name: str, raw: str, allowed: Mapping[str, Value]) -> Value:
    if raw not in allowed:
        raise UserError(f"For {name} it can say {' or '.join(allowed)}.")
    return allowed[raw]


def _whole(raw: str) -> int:
    if not (raw.isascii() and raw.isdigit() and len(raw) < 6):
        raise UserError(f"“{raw[:20]}” is no whole number.")
    return int(raw)
