"""The pair that the page opens with, measured with SmolLM2 and shipped: `first_pair.json`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import pandas as pd

from dashboard.analyses.patching.api import ALL, Patched, recorded

FILE = Path(__file__).parent / "first_pair.json"
_KEPT = ("m_a", "m_b", "answers", "typed", "name", "revision", "model", "text", "other", "tokens", "differ")


@lru_cache(maxsize=1)
def first_pair() -> Patched:
    """All heads of the pair, at all tokens, with their direct effects."""
    held = json.loads(FILE.read_text(encoding="utf-8"))
    both = {name: tuple(held[name]) for name in ("answers", "typed")}
    found = Patched(table=pd.DataFrame(held["table"]), position=ALL, reading={"bos": True}, **held["kept"] | both)
    return recorded(found, "patch", (), {"direct": True})


def written(found: Patched) -> str:
    """The file of such a result."""
    kept = {name: getattr(found, name) for name in _KEPT if name not in ("answers", "typed")}
    table = {name: [round(one, 6) for one in found.table[name].tolist()] for name in found.table}
    whole = {"answers": found.answers, "typed": found.typed, "kept": kept, "table": table}
    return json.dumps(whole, ensure_ascii=False) + "\n"
