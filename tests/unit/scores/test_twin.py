"""The untrained twin beside the scores of a model: in one table, in the atlas, and in files of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dashboard.analyses.scores import twin
from dashboard.analyses.scores.api import with_twin
from dashboard.analyses.scores.atlas_chart import atlas
from dashboard.analyses.scores.text import twin_remark
from dashboard.analyses.scores.twin import MEASUREMENT, Request
from dashboard.charts.head_grid import STRIP
from dashboard.charts.look import Look
from dashboard.errors import UserError
from dashboard.heads.head_id import HeadId
from dashboard.jobs import measurement
from dashboard.jobs.results import twin_request
from dashboard.jobs.work import OnProgress
from dashboard.models import find
from tests.helpers.sentences import heads_in, numbers


def table(first: float) -> pd.DataFrame:
    heads = [(layer, head) for layer in range(2) for head in range(3)]
    return pd.DataFrame(
        [{"layer": layer, "head": head, "previous": first + 0.1 * k} for k, (layer, head) in enumerate(heads)]
    )


def layers(chart) -> list[dict]:
    found, left = [], [chart.spec]
    while left:
        one = left.pop()
        left += one.get("layer", []) + one.get("vconcat", []) + one.get("hconcat", [])
        found.append(one)
    return found


def test_the_table_has_both_and_neither_is_changed():
    own, of_twin = table(0.2), table(0.05)
    both = with_twin(own, of_twin)
    assert list(both) == ["layer", "head", "previous", "untrained_previous"]
    assert both["previous"].equals(own["previous"]) and both["untrained_previous"].equals(of_twin["previous"])
    assert list(own) == list(of_twin) == ["layer", "head", "previous"]


def test_a_twin_with_other_heads_is_refused(refuses):
    with refuses(UserError):
        with_twin(table(0.2), table(0.1).iloc[1:])


def test_the_atlas_draws_it_only_where_the_table_has_it():
    own = table(0.2)
    one, two = (atlas(some, "previous", Look()) for some in (own, with_twin(own, table(0.05))))
    strips = [[part for part in layers(chart) if "yOffset" in str(part.get("mark"))] for chart in (one, two)]
    assert not strips[0] and len(strips[1]) == 2
    assert STRIP in str(two.spec) and STRIP not in str(one.spec)
    assert {strip["encoding"].get("color", {}).get("field") for strip in strips[1]} == {None, "twin"}


def test_a_twin_with_the_larger_score_is_not_cut_off_by_the_scale():
    chart = atlas(with_twin(table(0.0), table(0.45)), "previous", Look())
    assert "shade: 0 to 100" in str(chart.spec).replace("\u00a0", " ")


def test_the_remark_has_both_numbers():
    said = twin_remark(with_twin(table(0.2), table(0.05)), HeadId(1, 0), "previous")
    assert heads_in(said) == ["L1H0"] and numbers(said) == [50, 35]
    assert twin_remark(table(0.2), HeadId(1, 0), "previous") == ""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(measurement, "cache_dir", lambda: tmp_path)
    return tmp_path


def test_results_of_the_twin_and_of_the_model_never_meet(cache):
    """A file of one is never read for the other, under the same text; not even if it lies in the other's place."""
    own = Request("minilm", find("minilm").revision, 2, 3, True, sha256="t", text="A heron waits.")
    of_twin = twin_request(own, find("minilm"))
    assert MEASUREMENT.folder(own) != MEASUREMENT.folder(of_twin)
    assert MEASUREMENT.shipped_file(own) != MEASUREMENT.shipped_file(of_twin)
    MEASUREMENT.keep(table(0.2), own)
    assert MEASUREMENT.find(own) is not None and MEASUREMENT.find(of_twin) is None
    MEASUREMENT.keep(table(0.05), of_twin)
    assert [MEASUREMENT.find(one)["previous"][0] for one in (own, of_twin)] == [0.2, 0.05]
    data = (MEASUREMENT.folder(own) / MEASUREMENT.file).read_bytes()
    assert MEASUREMENT.decode(data, of_twin) is None and MEASUREMENT.decode(data, own) is not None


def test_a_file_holds_the_texts_hash_and_not_the_text(cache):
    asked = Request("untrained:minilm", "untrained:0", 2, 3, True, sha256="t", text="Nobody else reads this.")
    file = MEASUREMENT.keep(table(0.2), asked)
    held, _ = twin.unpack(file.read_bytes())
    assert "text" not in held["of"] and "Nobody" not in str(held)
    assert MEASUREMENT.find(replace(asked, sha256="u")) is None


def test_what_is_no_table_of_scores_is_refused(cache):
    asked = Request("untrained:minilm", "untrained:0", 2, 3, True, sha256="t")
    for wrong in (table(0.2).rename(columns={"previous": "nothing"}), table(0.2).assign(head=0)):
        file = MEASUREMENT.keep(wrong, asked)
        with pytest.raises(UserError):
            MEASUREMENT.find(asked)
        file.unlink()


def test_two_twins_are_never_measured_at_once(cache):
    """Each takes as much memory as its model: the second job waits, and says so."""
    told: list[str] = []

    class Gone(Exception):
        pass

    def waits(_: float, sentence: str) -> None:
        told.append(sentence)
        raise Gone

    silent: OnProgress = lambda fraction, sentence: None  # noqa: E731
    with measurement.one_twin(["untrained:minilm"], silent):
        with pytest.raises(Gone), measurement.one_twin(["untrained:smollm2"], waits):
            pass
        with measurement.one_twin(["minilm"], waits):  # a trained model does not wait
            pass
    assert len(told) == 1
    with measurement.one_twin(["untrained:minilm"], waits):
        pass
    assert np.size(told) == 1
