"""What the page shows where the model writes nothing: a continuation by SmolLM2, shipped as `first_text.json`."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from dashboard.analyses.writing.api import recorded
from dashboard.analyses.writing.sampling import Sampling
from dashboard.analyses.writing.tokens import Alternative, Written, WrittenToken
from dashboard.text import Encoding

FILE = Path(__file__).parent / "first_text.json"
TEXT, TOKENS = "The chef who trained in Osaka says", 16
_PLAIN = ("name", "revision", "model", "bos")


@lru_cache(maxsize=1)
def first_text() -> Written:
    """What SmolLM2 writes after `TEXT`, each time the most probable token."""
    held = json.loads(FILE.read_text(encoding="utf-8"))
    tokens = [
        WrittenToken(**one | {"others": tuple(Alternative(**of) for of in one["others"])}) for one in held["tokens"]
    ]
    prompt, encoding = (Encoding.of_kept(held[name]) for name in ("prompt", "encoding"))
    return recorded(Written(prompt, tuple(tokens), Sampling(), encoding, **held["plain"]))


def kept(found: Written) -> str:
    """The file of what was written greedily."""
    whole = {
        "plain": {name: getattr(found, name) for name in _PLAIN},
        "prompt": found.prompt.kept(),
        "encoding": found.encoding.kept(),
        "tokens": [_rounded(asdict(token)) for token in found.tokens],
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")) + "\n"


def _rounded(token: dict) -> dict:
    others = [other | {"p": round(other["p"], 6)} for other in token["others"]]
    return token | {"p": round(token["p"], 6), "others": others}
