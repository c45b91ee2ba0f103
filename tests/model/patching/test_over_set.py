"""A set of pairs, its control, what is left out, and the work in the background."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analyses.patching import over_set, set_job
from dashboard.analyses.patching.over_set import LENGTHS, SAME, SEVERAL, WRONG, control_of, measure_set, set_table
from dashboard.analyses.patching.pair import pair_of
from dashboard.analyses.patching.set_api import set_of
from dashboard.analyses.patching.sets import PairSet, TextPair
from dashboard.analyses.patching.text import set_finding, set_remarks
from dashboard.capture.interventions import Patch, run_of
from dashboard.cli import main
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId, heads_of
from tests.helpers.sentences import wording

KEYS = TextPair("The keys in the room", "The key in the room", "are", "is")
OWN = (
    KEYS,
    TextPair("The book in the room", "The books in the room", "is", "are"),
    TextPair("The hippopotamus in the room", "The keys in the room", "is", "are"),
    TextPair("The lamps in the room", "The lamp in the room", "are", "is"),
    TextPair("The lamps in the room", "The lamp in the room", "hippopotamuses", "is"),
    TextPair("The lamps in the room", "The lamp in the room", "is", "are"),
    TextPair("The lamps in the room", "The lamp in the room", "are", "are"),
)
HEADS = [HeadId(26, 0), HeadId(26, 1), HeadId(27, 8), HeadId(29, 1)]


@pytest.fixture(scope="module")
def found(smollm2):
    return measure_set(smollm2, PairSet("agreement", "Agreement", "", OWN), HEADS)


@pytest.fixture(scope="module")
def smollm2(opened):
    return opened("smollm2")


def test_pairs_are_left_out_by_reason(found):
    assert found.places == (0, 1, 3) and found.total == len(OWN)
    assert [(one.place, one.why) for one in found.left_out] == [(2, LENGTHS), (4, SEVERAL), (5, WRONG), (6, SAME)]
    assert (found.m[:, 0] > 0).all() and (found.m[:, 1] < 0).all()


def test_the_means_and_intervals_over_pairs(found, smollm2):
    table = set_table(found)
    assert heads_of(table) == HEADS and (table["pairs"] == 3).all()
    assert np.allclose(table["recovered"], found.recovered.mean(0))
    drawn = np.random.default_rng(0).integers(0, 3, (1000, 3))
    low, high = np.percentile(found.recovered[drawn].mean(1), [2.5, 97.5], axis=0)
    assert np.allclose(table["recovered_low"], low) and np.allclose(table["recovered_high"], high)
    some = [0, 2]  # the pair with the answer “is” has no other text with it
    assert np.isfinite(found.control).all(1).tolist() == [True, False, True]
    assert (table["controlled"] == 2).all()
    specific = found.recovered[some] - found.control[some]
    assert np.allclose(table["specific"], specific.mean(0)) and np.allclose(
        table["control"], found.control[some].mean(0)
    )


def test_a_control_is_another_text_with_the_same_answer(found, smollm2):
    encoded = [smollm2.encode(OWN[place].a) for place in (0, 3)]
    pair = pair_of(smollm2, encoded[0], smollm2.encode(KEYS.b), ("are", "is"))
    head = int(found.recovered[0].argmax())
    donor = run_of(smollm2, encoded[1], len(encoded[1]) - 1)
    [value] = pair.figures([Patch((HEADS[head],))], donor)
    assert found.control[0, head] == pytest.approx((value - pair.m_base) / (pair.m_donor - pair.m_base), abs=1e-5)


def test_the_control_goes_round_the_set(smollm2):
    read, _ = over_set._read(smollm2, OWN[:1] + OWN[3:4] + OWN[1:2], True)
    first, second, alone = read
    assert control_of(first, read) is second and control_of(second, read) is first
    assert control_of(alone, read) is None


def test_a_set_of_which_nothing_is_right_is_refused(smollm2, refuses):
    with refuses(UserError, "SmolLM2"):
        measure_set(smollm2, PairSet("agreement", "Agreement", "", OWN[4:]), HEADS)


def test_what_was_measured_is_kept_and_read_again(found, smollm2, tmp_path, monkeypatch):
    monkeypatch.setenv("TWO_HEADS_CACHE", str(tmp_path))
    request = set_job.Request.of(smollm2, "agreement")
    data = set_job.MEASUREMENT.encode(found, request)
    again = set_job.MEASUREMENT.decode(data, request)
    assert (
        again.places == found.places
        and again.heads == found.heads
        and again.left_out == found.left_out
        and again.total == found.total
    )
    for name in ("m", "recovered", "control"):
        assert np.array_equal(getattr(again, name), getattr(found, name), equal_nan=True)
    assert set_job.MEASUREMENT.decode(data, set_job.Request.of(smollm2, "negation")) is None
    with pytest.raises(ValueError):
        set_job.MEASUREMENT.decode(b"no file of ours", request)


def test_a_restart_goes_on_after_the_pairs_that_are_done(found, smollm2, tmp_path):
    assert set_job.MEASUREMENT.resumes
    file, key = tmp_path / "a" / "pairs.npz", {"of": "this"}
    kept = set_job._Kept(file, key)
    kept[3] = found.recovered[2], found.control[2]
    kept[0] = found.recovered[0] * 0, found.control[0]
    again = set_job._Kept(file, key)
    assert dict(again).keys() == {3, 0} and np.array_equal(again[3][0], found.recovered[2])
    assert not len(set_job._Kept(file, {"of": "another"}))
    said = []
    small = PairSet("agreement", "Agreement", "", (OWN[0], *OWN[2:4]))
    anew = measure_set(smollm2, small, HEADS, progress=lambda done, what: said.append((done, what)), kept=again)
    assert (anew.recovered[0] == 0).all()  # it was not measured anew
    assert said[-1][1].endswith("2 pairs") and len(again) == 3


def test_sentences(found, smollm2, snapshot):
    of = set_of(smollm2, found)
    assert [wording(one) for one in (set_finding(of, smollm2.title), *set_remarks(of))] == snapshot
    made = of.provenance.recipe
    assert "patch_set(model, 'agreement').table" in made


def test_a_set_has_texts_of_its_own(capsys, tmp_path):
    assert main(["patch", "A", "B", "--set", "agreement", "--out", str(tmp_path / "a.csv")]) == 2
    assert "--set" in capsys.readouterr().err
    assert main(["patch", "--set", "colours", "--model", "smollm2", "--out", str(tmp_path / "a.csv")]) == 2
    assert "colours" in capsys.readouterr().err
