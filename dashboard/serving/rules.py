"""The rules of a server for others: what its visitors may do, as `two-heads.toml` says.

`two-heads serve` puts these rules into the environment, and every process that it starts has them. Without them the
dashboard is one person's own, on their machine.

    models = ["minilm", "smollm2"]     # which ones visitors may open, fetched before
    names = ["heads.example.org"]      # what people type to reach it; without the line the machine's own names
    path = "heads"                     # the part of the address after the name, where a proxy gives it one
    processes = 2                      # that show the pages; with more than one a proxy stands before them

    [limits]
    characters = 20000                 # of a text
    upload_megabytes = 1               # of a file
    memory_gigabytes = 4               # of the processes that show the pages together; without it what the machine has

    [jobs]
    at_once = 1                        # how many go at a time
    each = 2                           # of one visitor, those that wait included
    minutes = 60                       # that one may take
    memory_gigabytes = 3               # that one may take
    scheduler = "tcp://node1:8786"     # a Dask cluster that reads corpora; without the line this machine does

    [kept]
    megabytes = 100                    # that one visitor may keep: profiles and a report
    gigabytes = 5                      # of all visitors
    days = 180                         # after which what nobody has changed is deleted
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
NUMBERS = {
    "": {"processes": (1, 64)},
    "limits": {
        "characters": (100, 100_000),
        "upload_megabytes": (1, 5),
        "memory_gigabytes": (2, 10_000),  # the libraries and the embedded model take one
    },
    "jobs": {"at_once": (1, 8), "each": (1, 20), "minutes": (1, 10_000), "memory_gigabytes": (1, 10_000)},
    "kept": {"megabytes": (1, 10_000), "gigabytes": (1, 10_000), "days": (1, 10_000)},
}
"""The whole numbers of a file: table ("" for none) → name → (least, most)."""
_MODEL = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(@[A-Za-z0-9][\w.-]*)?", re.ASCII)
_NAME = re.compile(r"(\*\.)?[A-Za-z0-9][A-Za-z0-9.-]*|\[?[0-9A-Fa-f:]+\]?", re.ASCII)
_PATH = re.compile(r"([\w~-][\w.~-]*(/[\w~-][\w.~-]*)*)?", re.ASCII)
_SCHEDULER = re.compile(r"((tcp|tls)://[\w.\[\]:-]+:\d{1,5})?", re.ASCII)


@dataclass(frozen=True)
class Jobs:
    """Work in the background: how many jobs go at once, how many one visitor may have, what each may take.

    scheduler: the address of a Dask cluster that reads corpora; "" for this machine
    """

    at_once: int = 1
    each: int = 2
    minutes: int = 60
    memory_gigabytes: int = 3
    scheduler: str = ""


@dataclass(frozen=True)
class Kept:
    """What visitors keep: megabytes of each, gigabytes of all, and for how many days."""

    megabytes: int = 100
    gigabytes: int = 5
    days: int = 180


@dataclass(frozen=True)
class Rules:
    """What visitors of a server may do.

    Attributes
    ----------
    models: the names of the models that they may open, the embedded one first
    characters: of a text, at most; upload_megabytes: of a file
    memory_gigabytes: what the processes of the pages may take together; 0 for what the machine has
    processes: how many show the pages; names: what people type to reach them; path: the address's part after that
    """

    models: tuple[str, ...] = (EMBEDDED,)
    characters: int = 20_000
    upload_megabytes: int = 1
    memory_gigabytes: int = 0
    processes: int = 1
    names: tuple[str, ...] = ()
    path: str = ""
    jobs: Jobs = field(default_factory=Jobs)
    kept: Kept = field(default_factory=Kept)

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
    tables = {table: found.get(table, {}) for table in NUMBERS if table} | {"": found}
    texts = {"": ("models", "names", "path", *filter(None, NUMBERS)), "jobs": ("scheduler",)}
    for table, values in tables.items():
        known = sorted([*NUMBERS[table], *texts.get(table, ())])
        if not isinstance(values, Mapping):
            raise UserError(f"{name}: [{table}] is a table, with {', '.join(known)}.")
        if unknown := sorted(set(values) - set(known)):
            where = f"[{table}] " if table else ""
            raise UserError(f"{name}: {where}{unknown[0]} is not known. Known are {', '.join(known)}.")
    numbers = {
        table: {
            key: _number(tables[table], table, key, *bounds, name)
            for key, bounds in some.items()
            if key in tables[table]
        }
        for table, some in NUMBERS.items()
    }
    models = _texts(
        found,
        "models",
        _MODEL,
        name,
        f'names of the catalogue or of the hub, like ["{EMBEDDED}", "owner/name"]. Folders are not served',
    )
    return Rules(
        tuple(dict.fromkeys([EMBEDDED, *models])),
        **numbers["limits"],
        **numbers[""],
        names=_texts(found, "names", _NAME, name, 'host names, like ["heads.example.org"]'),
        path=_text(found, "path", _PATH, name, 'what follows the name in the address, like "heads"'),
        jobs=Jobs(
            **numbers["jobs"],
            scheduler=_text(tables["jobs"], "scheduler", _SCHEDULER, name, 'an address like "tcp://node1:8786"'),
        ),
        kept=Kept(**numbers["kept"]),
    )


def _number(values: Mapping[str, Any], table: str, key: str, least: int, most: int, name: str) -> int:
    value = values[key]
    if type(value) is not int or not least <= value <= most:
        where = f"[{table}] " if table else ""
        raise UserError(f"{name}: {where}{key} is a whole number from {least:,} to {most:,}.")
    return value


def _texts(values: Mapping[str, Any], key: str, form: re.Pattern[str], name: str, what: str) -> tuple[str, ...]:
    some = values.get(key, [])
    if not isinstance(some, list) or not all(isinstance(one, str) and form.fullmatch(one) for one in some):
        raise UserError(f"{name}: {key} is a list of {what}.")
    return tuple(some)


def _text(values: Mapping[str, Any], key: str, form: re.Pattern[str], name: str, what: str) -> str:
    value = values.get(key, "")
    if not isinstance(value, str) or not form.fullmatch(value.strip("/")):
        raise UserError(f"{name}: {key} is {what}.")
    return value.strip("/")


@lru_cache(maxsize=1)
def _rules(told: str) -> Rules:
    given = json.loads(told)
    lists = {key: tuple(given[key]) for key in ("models", "names")}
    return Rules(**given | lists | {"jobs": Jobs(**given["jobs"]), "kept": Kept(**given["kept"])})
