"""The text that the page opens with where the model predicts nothing, measured with SmolLM2 and shipped:
`first_text.json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dashboard.analyses.attribution.api import Attributed, recorded
from dashboard.analyses.attribution.outcome import Outcome
from dashboard.heads.head_id import listed_heads, written_heads
from dashboard.text import Encoding

FILE = Path(__file__).parent / "first_text.json"
TEXT, ANSWER, RIVAL = "When Mary and John went to the store, John gave a drink to", "Mary", "John"
_PLAIN = (
    "kind",
    "value",
    "at_baseline",
    "steps",
    "points",
    "along",
    "order",
    "name",
    "revision",
    "model",
    "text",
    "reading",
)


@lru_cache(maxsize=1)
def first_text() -> Attributed:
    """What decided between “Mary” and “John” after `TEXT`."""
    held: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return recorded(
        Attributed(
            table=pd.DataFrame(held["table"]),
            heads=pd.DataFrame(held["heads"]),
            rows=np.array(held["rows"]),
            every=tuple(listed_heads(held["every"])),
            answer=Outcome(**held["answer"]),
            rival=Outcome(**held["rival"]),
            typed=(ANSWER, RIVAL),
            places=tuple(held["places"]),
            encoding=Encoding.of_kept(held["encoding"]),
            **held["plain"],
        )
    )


def written(found: Attributed) -> str:
    """The file of such a result."""

    def columns(table: pd.DataFrame) -> dict[Any, list]:
        digits = dict.fromkeys(table.select_dtypes("float"), 6)
        return {name: [None if one != one else one for one in table.round(digits)[name].tolist()] for name in table}

    assert found.rival is not None
    whole = {
        "plain": {name: getattr(found, name) for name in _PLAIN},
        "answer": asdict(found.answer),
        "rival": asdict(found.rival),
        "places": found.places,
        "encoding": found.encoding.kept(),
        "table": columns(found.table),
        "heads": columns(found.heads),
        "every": written_heads(found.every),
        "rows": np.round(found.rows, 5).tolist(),
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")) + "\n"
