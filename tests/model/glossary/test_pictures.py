"""Every picture of the glossary draws, and says what it shows."""

from __future__ import annotations

import pytest

from dashboard.analyses.glossary.api import PICTURES, draw_term
from dashboard.charts.look import Look
from tests.helpers.charts import svg_of


@pytest.mark.parametrize("key", PICTURES)
def test_a_picture_draws_in_both_themes(minilm, key):
    light = draw_term(key, minilm, Look("light", 520))
    assert light.description and "<svg" in svg_of(light)
    assert draw_term(key, minilm, Look("dark", 520)).spec["background"] != light.spec["background"]
