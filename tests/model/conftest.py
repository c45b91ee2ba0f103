"""A small treebank and the profile of it that every way to make one must give."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard import profile
from dashboard.text import parse

WHO = ("chef", "waiter", "critic", "baker", "farmer", "guest")
DOES = ("praises", "cooks", "tastes", "remembers", "sells")
WHAT = ("the ramen", "a small fish", "her favourite bread", "what he made", "two old pots", "nothing")
WHERE = ("in Osaka", "at home", "every day", "with great care", "")


@pytest.fixture(scope="session")
def treebank(tmp_path_factory):
    """300 short sentences with their parses, and two that are left out."""
    rng = np.random.default_rng(0)
    lines = []
    for _ in range(300):
        who, does, what, where = (str(rng.choice(part)) for part in (WHO, DOES, WHAT, WHERE))
        lines.append(f"The {who} {does} {what} {where}".strip() + ".")
    rows = []
    for one in parse("\n\n".join(lines)):
        for i, word in enumerate(one.words):
            head, relation = one.heads[i] + 1, one.relations[i]
            rows.append(f"{i + 1}\t{word}\t{one.lemmas[i]}\t{one.upos[i]}\t_\t_\t{head}\t{relation}\t_\t_")
        rows.append("")
    rows[0:0] = ["1\tno\t_\tX\t_\t_\t_\t_\t_\t_", "", "1\t\x01\t_\tX\t_\t_\t0\troot\t_\t_", ""]
    path = tmp_path_factory.mktemp("bank") / "small.conllu"
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="session")
def whole(minilm, treebank, tmp_path_factory):
    """The folder of its profile by this process alone, and the profile."""
    out = tmp_path_factory.mktemp("whole")
    return out, profile(minilm, treebank, out)
