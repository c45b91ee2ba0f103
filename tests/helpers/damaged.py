"""Files as a broken disk or a stopped program leaves them."""

from __future__ import annotations

import random
from collections.abc import Iterator


def damaged(data: bytes, seed: int = 0, times: int = 40) -> Iterator[bytes]:
    """The same bytes cut, grown, or with one of them changed: none of these is what was written."""
    chance = random.Random(seed)
    for _ in range(times):
        yield data[: chance.randrange(len(data))]
        at = chance.randrange(len(data))
        yield data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    yield from (b"", data + b"\0", b"\0" * len(data))
