"""No browser paints here, so no page waits for one. And a tiny encoder–decoder for all pages."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def nothing_to_wait_for():
    from dashboard.ui import figure

    before, figure.PAUSE = figure.PAUSE, 0.0
    yield
    figure.PAUSE = before


@pytest.fixture(autouse=True, scope="session")
def our_models_opened_once(opened_once):
    pass


@pytest.fixture(autouse=True, scope="session")
def packages_scanned_once():
    """Streamlit looks for components in every package that is installed, anew for each page that a test opens."""
    from functools import cache

    from streamlit.components.v2 import manifest_scanner

    before = manifest_scanner.scan_component_manifests
    manifest_scanner.scan_component_manifests = cache(before)
    yield
    manifest_scanner.scan_component_manifests = before


@pytest.fixture(scope="session")
def bart(tmp_path_factory):
    """The folder of a tiny encoder–decoder."""
    from tests.helpers.two_stacks import write

    folder = tmp_path_factory.mktemp("two stacks") / "bart"
    write("bart", folder)
    return folder
