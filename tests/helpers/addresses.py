"""Addresses that nobody meant: what a mangled, an old or a hostile link may say."""

from __future__ import annotations

import random

from dashboard.ui.url_state import Choices


def any_address(chance: random.Random) -> dict[str, str]:
    """Parameters of our own and others', with values that fit, nearly fit, or fit nothing."""
    pieces = [
        "",
        " ",
        "0",
        "-1",
        "7",
        "99999999999",
        "1e9",
        "NaN",
        "٣",
        "none",
        "minilm",
        "smollm2",
        "L2H9",
        "L0H0,L1H1",
        "L99999999999999999999H0",
        "a",
        "é",
        "字",
        "👩‍👩‍👧",
        "\u202e",
        "\x00",
        "\x1b[31m",
        "\ud800",
        "<script>",
        "</",
        "$x$",
        "](javascript:1)",
        "../../etc",
        r"\\h\s",
        "file:/x",
        "%00",
        "%",
        "&",
        "=",
        ">",
        "→",
        "says → chef",
        "relation=nsubj",
        "[[",
        "((((",
        "1-2",
        "2-1",
        "{}",
        '{"a":1}',
        "1;2,3",
        "words",
        "tokens",
        "\n",
        "'",
        '"',
        "🙂" * 50,
        "x" * 3000,
        "e\u0301" * 40,
        "10" * 20,
        "True",
        "null",
        "tray",
        "heads",
        "models",
    ]
    fields = [*Choices.__dataclass_fields__, "text_id", "utm_source", "", "Model", "report", "toy_x", "lag", "seed"]
    address = {}
    for _ in range(chance.randrange(1, 9)):
        name = chance.choice(fields)
        kind = chance.random()
        if kind < 0.7:
            address[name] = chance.choice(pieces)
        elif kind < 0.9:
            address[name] = "".join(chance.choices(pieces, k=chance.randrange(2, 5)))
        else:
            address[name] = "".join(chr(chance.randrange(0x20, 0x3000)) for _ in range(chance.randrange(40)))
    return address
