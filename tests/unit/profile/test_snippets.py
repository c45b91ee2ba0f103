"""The lines beside a picture of a profile read a profile of the library and make the picture again."""

import pytest

from dashboard.analyses.profile.api import draw_budget, draw_profile, draw_scatter, draw_two_corpora
from dashboard.analyses.profile.library import profile_library, read_profile
from dashboard.export import figure_bytes, file_stem, snippet


@pytest.fixture(scope="module")
def shipped():
    return next(kept for kept in profile_library() if kept.shipped and kept.finished)


@pytest.mark.parametrize("picture", ["scatter", "budget", "profile", "two"])
def test_a_picture_is_made_again(shipped, picture, tmp_path, monkeypatch):
    profile, look = read_profile(shipped.folder), {"theme": "dark", "width": 600}
    draw = {
        "scatter": lambda: draw_scatter(profile, model="A “title”", **look),
        "budget": lambda: draw_budget(profile, "L0H0", **look),
        "profile": lambda: draw_profile(profile, "context", **look),
        "two": lambda: draw_two_corpora(profile, profile, "syntax", names=(shipped.name, shipped.name), **look),
    }
    chart = draw[picture]()
    monkeypatch.chdir(tmp_path)
    exec(snippet(chart.provenance), {})
    again = tmp_path / f"{file_stem(chart.provenance)}.svg"
    assert again.read_bytes() == figure_bytes(chart, "svg", chart.provenance)
