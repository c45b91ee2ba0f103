"""How likely is it luck?, run from the entry without a browser."""

import pytest

from dashboard import luck_of_pairs
from dashboard.analyses.chance.api import random_heads
from dashboard.analyses.chance.text import luck_finding
from dashboard.ui.figure import MARKED
from dashboard.ui.pages.chance import EXAMPLE, EXAMPLE_PAIRS
from dashboard.ui.url_state import FIRST_PAIRS, FIRST_TEXT
from tests.helpers.pages import headings, notices, opened, read
from tests.helpers.sentences import plain


def chance_page(**address: str):
    app = opened("chance", **address)
    assert not app.exception
    return app


def found_on(app) -> list[str]:
    return [plain(one).removeprefix("##### ") for one in headings(app)]


def test_a_first_visit_shows_random_heads_and_the_visitors_own_list(minilm):
    app = chance_page()
    own = luck_of_pairs(minilm, FIRST_TEXT, FIRST_PAIRS)
    assert found_on(app) == [plain(luck_finding(random_heads(270, 3, 1))), plain(luck_finding(own))]
    assert len(app.get("vega_lite_chart")) == 2 and not notices(app)


def test_another_draw_and_a_planted_head_are_in_the_address():
    app = chance_page(random_heads="40", planted="90")
    assert found_on(app)[0] == plain(luck_finding(random_heads(40, 3, 1, 0.9))) and "planted" in found_on(app)[0]
    next(one for one in app.main.button if one.label == "Draw again").click().run()
    assert dict(app.query_params) == {"random_heads": "40", "planted": "90", "redraw": "2"}
    assert found_on(app)[0] == plain(luck_finding(random_heads(40, 3, 2, 0.9)))
    assert found_on(chance_page(**dict(app.query_params))) == found_on(app)


def test_the_example_is_one_click(minilm):
    app = chance_page()
    next(one for one in app.main.button if "example" in one.label).click().run()
    own = luck_of_pairs(minilm, EXAMPLE, EXAMPLE_PAIRS)
    assert found_on(app)[1] == plain(luck_finding(own)) and own.pairs == 7
    words = [word.form for word in minilm.encode(EXAMPLE).words]
    for row in EXAMPLE_PAIRS.split("\n"):
        later, earlier = (int(number) for number in row.split(" → "))
        assert words[later] == words[earlier] and later > earlier
    assert not [one for one in app.main.button if "example" in one.label]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ({"pairs": "none"}, "No pair is marked"),
        ({"text": "Birds sing."}, "No pair is marked"),
        ({"pairs": "says → nowhere"}, "nowhere"),
        ({"text": " "}, "no text"),
        ({"random_heads": "5000"}, "5000"),
    ],
)
def test_what_cannot_be_shown_is_said_and_the_random_heads_stay(address, says):
    app = chance_page(**address)
    assert says in read(app) and notices(app)
    assert len(found_on(app)) == (2 if "random_heads" in address else 1)


def test_the_tables_of_both_lists_open(minilm):
    app = chance_page()
    tables = [k for k, one in enumerate(app.button) if one.label == "Table"]
    assert len(tables) == 2
    for k in tables:
        app.button[k].click().run()
        assert not app.exception and len(app.dataframe) == 1
        shown = app.dataframe[0].value
        assert {"beyond", "q", MARKED} <= set(shown) and ((shown["q"] <= 0.05) == (shown[MARKED] != "")).all()
