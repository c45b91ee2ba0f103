"""From how many tokens on a model may attend in another way: the windows and budgets that its configuration names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NAMED = re.compile(r"window|chunk|top_?k|block|budget|sparse|stride|local|compress|landmark", re.IGNORECASE)
# Of experts, of the feed-forward part, of what is generated: nothing that attention depends on.
_OTHER = re.compile(
    r"expert|moe|group|router|feed_forward|mlp|vocab|beam|penalt|temperature|token_(id|index)|layers?$|heads?$|conv|"
    r"image|vision|audio|video|mamba|ssm|ngram",
    re.IGNORECASE,
)
_PARTS = re.compile(r"vision|audio|image|video|speech|quantization|generation|rope")


def budgets(config: Any) -> tuple[int, ...]:
    """All whole numbers from 2 on that a configuration gives to windows, chunks, blocks and numbers of chosen keys, in
    order; and, where keys are chosen in blocks, the size of a block times how many are chosen.

    config: a transformers configuration. Parts of it that are not about text are left out.
    """
    found: set[int] = set()
    for part in _parts(config.get_text_config().to_dict()):
        named = {name: value for name, value in part.items() if _NAMED.search(name) and not _OTHER.search(name)}
        values = {name: list(_numbers(value)) for name, value in named.items()}
        sizes = [n for name, each in values.items() if "size" in name for n in each]
        counts = [n for name, each in values.items() if "block" in name and "size" not in name for n in each]
        found.update(n for each in values.values() for n in each)
        found.update(size * count for size in sizes for count in counts)
    return tuple(sorted(number for number in found if number > 1))


def _parts(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {name: value for name, value in config.items() if isinstance(name, str)}
    for name, value in config.items():
        if isinstance(value, dict) and not _PARTS.search(str(name)):
            yield from _parts(value)


def _numbers(value: Any) -> Iterator[int]:
    for one in value if isinstance(value, list | tuple) else [value]:
        if isinstance(one, int) and not isinstance(one, bool):
            yield one
