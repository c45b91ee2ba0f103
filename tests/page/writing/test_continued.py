"""A text that a model continued, on the other pages: told apart there, and one that nobody continued is not."""

from __future__ import annotations

import pytest

from dashboard import continued
from dashboard.ui.url_fields import chosen_text
from tests.helpers.pages import opened, read

TEXT = continued("The keys to the cabinet", " are on the table")
MARKED = {name: str(value) for name, value in chosen_text(TEXT).items() if name != "start"}
NAME = "written by a model"


def drawn(app) -> str:
    return "".join(chart.proto.spec for chart in app.get("vega_lite_chart"))


@pytest.mark.parametrize("page", ["explore", "compare", "inside", "layers"])
def test_a_page_tells_the_continuation_apart_as_long_as_it_is_one(page):
    app = opened(page, **MARKED)
    assert not app.exception and NAME in drawn(app) and NAME in read(app)
    area = next(area for area in app.text_area if area.label == "Text")
    area.set_value(f"{TEXT}.").run()
    assert not app.exception and "border" not in app.query_params and NAME not in drawn(app)
