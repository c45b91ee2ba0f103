"""A model whose heads are written by hand: the one that carries the answer agrees most, random ones do not."""

from __future__ import annotations

import pytest
import torch

from dashboard import attribute, open_model
from dashboard.builtin import known_truth
from dashboard.heads.head_id import heads_of


@pytest.mark.parametrize("seed", range(3))
def test_the_induction_head_comes_out_first(seed, tmp_path):
    known = known_truth.build("induction", seed=seed)
    model = open_model(str(known_truth.write(tmp_path, seed=seed)))
    [before], [again] = known.doing("previous"), known.doing("induction")
    order = torch.randperm(len(known.plain), generator=torch.Generator().manual_seed(seed))[:8]
    x, y, *other = (known.plain[place] for place in order)
    text = " ".join([x, y, other[0], x, y, *other[1:3], x, y, other[3], x, y, other[4], x, y, other[5], x])
    found = attribute(model, text, answer=y)
    assert found.answer.p > 0.5 and abs(found.error) < 0.05 * abs(found.value - found.at_baseline)
    every = heads_of(found.heads)
    assert every[0] == again and found.heads["q"][0] <= 0.05
    random = [place for place, head in enumerate(every) if head not in (before, again)]
    assert len(random) == len(every) - 2 and (found.heads["q"][random] > 0.05).all()
    # each answer that stood after the same word decides, the words between do not
    adds = dict(zip(range(len(found.own)), found.of_words()[found.own], strict=True))
    answers = [place for place, word in enumerate(text.split()) if word == y]
    between = [place for place, word in enumerate(text.split()) if word in other]
    assert min(adds[place] for place in answers) > max(abs(adds[place]) for place in between)
