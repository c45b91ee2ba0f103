"""A set from the words to the file, with a tiny model, as the job and the command run it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard import patch_set
from dashboard.analyses.patching import set_api, set_job, sets
from dashboard.analyses.patching.pair import pair_of
from dashboard.analyses.patching.set_job import MEASUREMENT, PAIRS, Request
from dashboard.analyses.patching.sets import PairSet, TextPair
from dashboard.cli import main
from dashboard.heads.continuation import tokens_of
from tests.helpers import patched, tiny
from tests.helpers.measurements import nothing_measured

WORDS = sorted({word.strip(".,") for text in tiny.SENTENCES for word in text.split()})


@pytest.fixture(scope="module")
def llama(opened):
    return opened("llama")


@pytest.fixture
def own_set(llama, monkeypatch):
    """A set of pairs that the tiny model gets right, whatever it says: its answers are chosen by its logits."""
    single = [word for word in WORDS if len(tokens_of(llama, llama.encode("The chef"), word)) == 1]
    root, pairs = patched.librarys(llama), []
    for first, second in zip(single[::2], single[1::2], strict=False):
        texts = [f"The {word} waits by the" for word in (first, second)]
        encoded = [llama.encode(text) for text in texts]
        if len(encoded[0]) != len(encoded[1]):
            continue
        a, b = (patched.logits(root, one.ids).numpy() for one in encoded)
        ids = [tokens_of(llama, encoded[0], word)[0] for word in single]
        gain = (a - b)[ids]
        answer, rival = int(gain.argmax()), int(gain.argmin())
        if a[ids[answer]] > a[ids[rival]] and b[ids[answer]] < b[ids[rival]]:
            pairs.append(TextPair(*texts, single[answer], single[rival]))
    assert len(pairs) >= 3
    found = {"agreement": PairSet("agreement", "Agreement", "", tuple(pairs))}
    monkeypatch.setattr(sets, "pair_sets", lambda: found)
    return found["agreement"]


def test_the_job_measures_keeps_and_goes_on(llama, own_set, tmp_path, monkeypatch):
    nothing_measured(monkeypatch, MEASUREMENT, tmp_path)
    request = Request.of(llama, "agreement")
    assert MEASUREMENT.find(request) is None
    said = []
    out = MEASUREMENT.folder(request)
    settings = {"model": llama.name, "path": "", "limit": None, "work": set_job.__name__} | request.options
    MEASUREMENT.make(out, settings, lambda done, what: said.append(done))
    found = MEASUREMENT.find(request)
    assert found.heads == llama.all_heads and len(found.places) >= 3 and said == sorted(said)
    pair = own_set.pairs[found.places[0]]
    one = pair_of(llama, llama.encode(pair.a), llama.encode(pair.b), (pair.answer, pair.rival))
    root = patched.librarys(llama)
    modules = patched.projections(root)
    donor = patched.taken(root, one.donor.encoding.ids, modules)
    for head, value in zip(llama.all_heads, found.recovered[0], strict=True):
        with patched.inputs_changed({modules[head.layer]: patched.with_head(donor[head.layer], head.head, 4)}):
            logits = patched.logits(root, one.base.encoding.ids)
        m = float(logits[one.answer] - logits[one.rival])
        assert value == pytest.approx((m - one.m_base) / (one.m_donor - one.m_base), abs=1e-4)
    # stopped before its end: what stands in the file of pairs is not measured again
    kept = set_job._Kept(out / PAIRS, request.key())
    assert set(kept) == set(found.places)
    kept[found.places[0]] = (np.full(12, 9.0), np.full(12, 9.0))
    (out / MEASUREMENT.file).unlink()
    MEASUREMENT.make(out, settings, lambda done, what: None)
    assert (MEASUREMENT.find(request).recovered[0] == 9).all()


def test_the_command_and_the_function_write_one_table(llama, own_set, tmp_path, capsys):
    found = patch_set(llama, "agreement")
    out = tmp_path / "set.csv"
    assert main(["patch", "--set", "agreement", "--model", llama.name, "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert list(table) == list(found.table) and len(table) == 12
    assert np.allclose(table, found.table.astype(float), atol=1e-6, equal_nan=True)
    assert "recovers" in capsys.readouterr().out
    assert found.pairs["text"].tolist() == [own_set.pairs[place].a for place in found.result.places]
    again = set_api.set_of(llama, found.result)
    pd.testing.assert_frame_equal(again.table, found.table)
