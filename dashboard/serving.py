"""A server for others: what its visitors may do, as `two-heads.toml` says.

`two-heads serve` puts these rules into the environment, and every process that it starts has them. Without them the
dashboard is one person's own, on their machine.

    models = ["minilm", "smollm2"]     # which ones visitors may open, fetched before

    [limits]
    characters = 20000                 # of a text
    upload_megabytes = 1               # of a text file
    memory_gigabytes = 4               # of this server's process; without the line what the machine has
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from dashboard.errors import UserError

FILE = "two-heads.toml"
VARIABLE = "TWO_HEADS_SERVE"
EMBEDDED = "minilm"
"""The model that comes with the dashboard: a first visit opens it, so every server has it."""
UNTRAINED = "untrained:"
"""Before a model's name: its untrained twin, which is allowed where the model is."""
LEAST, MOST_CHARACTERS, MOST_MEGABYTES = 100, 100_000, 5
LEAST_GIGABYTES, MOST_GIGABYTES = 2, 10_000  # the libraries and the embedded model take one
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(@[A-Za-z0-9][\w.-]*)?", re.ASCII)


@dataclass(frozen=True)
class Rules:
    """What visitors of a server may do.

    Attributes
    ----------
    models: the names of the models that they may open, the embedded one first
    characters: of a text, at most; upload_megabytes: of a text file, at most
    memory_gigabytes: what the process may take; 0 for what the machine has
    """

    models: tuple[str, ...] = (EMBEDDED,)
    characters: int = 20_000
    upload_megabytes: int = 1
    memory_gigabytes: int = 0

    def allows(self, name: str) -> bool:
        """Whether visitors may open a model of this name, or its untrained twin."""
        return name.removeprefix(UNTRAINED) in self.models

    def check_model(self, name: str) -> None:
        """Raises UserError for another model. The sentence is the same for every name, and nothing is looked up."""
        if not self.allows(name):
            raise UserError(f"This server has the models {', '.join(self.models)}. Choose one of them.")

    def check_text(self, *texts: str) -> None:
        """Raises UserError for texts that are too long together."""
        if sum(map(len, texts)) > self.characters:
            raise UserError(
                f"This server reads texts of up to {self.characters:,} characters. Use a shorter text, or Two Heads on "
                "your own machine."
            )


def rules() -> Rules | None:
    """The rules of this process; None where the dashboard is one person's own."""
    told = os.environ.get(VARIABLE)
    return None if told is None else _rules(told)


def for_others() -> bool:
    """Whether this process serves others."""
    return VARIABLE in os.environ


def own_machine_only(what: str) -> None:
    """Raises UserError on a server for others. what: what a person can do on their own machine alone, like “Models are
    fetched”"""
    if for_others():
        raise UserError(f"{what} only where Two Heads runs on your own machine, not on this server.")


def check_model(name: str) -> None:
    """Raises UserError for a model that visitors may not open; nothing where there are none."""
    if (there := rules()) is not None:
        there.check_model(name)


def check_text(*texts: str) -> None:
    """Raises UserError for texts that are too long for this server; nothing where the dashboard is one's own."""
    if (there := rules()) is not None:
        there.check_text(*texts)


def environment(given: Rules) -> dict[str, str]:
    """The variable that makes a process, and all that it starts, a server for others."""
    return {VARIABLE: json.dumps(asdict(given))}


def read_rules(file: Path) -> Rules:
    """The rules in a file. Raises UserError, with the line's name, for what they cannot hold."""
    try:
        found = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f'There is no file “{file}”. Make one with the line: models = ["{EMBEDDED}"]') from None
    except OSError as wrong:
        raise UserError(f"“{file}” cannot be read: {wrong.strerror}.") from wrong
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise UserError(f"“{file}” is no TOML file: {wrong}.") from wrong
    return rules_of(found, file.name)


def rules_of(found: Mapping[str, Any], name: str) -> Rules:
    """The rules of a file's tables. name: of the file, for errors"""
    limits = found.get("limits", {})
    known = {"models"}, {one.name for one in fields(Rules)} - {"models"}
    if not isinstance(limits, Mapping):
        raise UserError(f"{name}: [limits] is a table, with {', '.join(sorted(known[1]))}.")
    for table, names, words in ((found, known[0] | {"limits"}, ""), (limits, known[1], "[limits] ")):
        if unknown := sorted(set(table) - names):
            raise UserError(f"{name}: {words}{unknown[0]} is not known. Known are {', '.join(sorted(names))}.")
    models = found.get("models", [])
    if not isinstance(models, list) or not all(isinstance(one, str) and _NAME.fullmatch(one) for one in models):
        raise UserError(
            f'{name}: models is a list of names of the catalogue or of the hub, like ["{EMBEDDED}", "owner/name"]. '
            "Folders are not served."
        )
    return Rules(
        tuple(dict.fromkeys([EMBEDDED, *models])),
        _number(limits, "characters", LEAST, MOST_CHARACTERS, name),
        _number(limits, "upload_megabytes", 1, MOST_MEGABYTES, name),
        _number(limits, "memory_gigabytes", LEAST_GIGABYTES, MOST_GIGABYTES, name),
    )


def _number(limits: Mapping[str, Any], key: str, least: int, most: int, name: str) -> int:
    if key not in limits:
        return next(one.default for one in fields(Rules) if one.name == key)  # type: ignore[return-value]
    value = limits[key]
    if type(value) is not int or not least <= value <= most:
        raise UserError(f"{name}: [limits] {key} is a whole number from {least:,} to {most:,}.")
    return value


@lru_cache(maxsize=1)
def _rules(told: str) -> Rules:
    given = json.loads(told)
    return Rules(**given | {"models": tuple(given["models"])})
