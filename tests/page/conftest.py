"""No browser paints here, so no page waits for one."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def nothing_to_wait_for():
    from dashboard.ui import figure

    before, figure.PAUSE = figure.PAUSE, 0.0
    yield
    figure.PAUSE = before
