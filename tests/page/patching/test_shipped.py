"""“Carry a head over” shows a set that comes with the dashboard at once."""

from tests.helpers import pages
from tests.helpers.sentences import plain


def test_a_first_visit_sees_a_measured_set():
    app = pages.opened("patching", model="smollm2")
    assert not app.exception and not app.error
    assert "Measure all pairs" not in [one.label for one in app.button]
    [said] = [plain(one) for one in pages.headings(app) if "43 pairs" in plain(one)]
    assert said.startswith("##### In “Agreement") and "95 % interval" in said
    assert len(app.get("vega_lite_chart")) == 4
