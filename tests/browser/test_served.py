"""A server for others, started as `two-heads serve` starts it, and what its visitors see."""

import os
import subprocess
import sys

import pytest

from tests.helpers.browser import idle
from tools.server import ROOT, running

CONFIG = 'models = ["minilm"]\n[limits]\ncharacters = 500\n'


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    (folder / "two-heads.toml").write_text(CONFIG)
    env = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    with running(folder / "log.txt", asked=["serve"], folder=folder, env=env) as found:
        yield found
    said = (folder / "log.txt").read_text()
    assert "Models: minilm. Texts of up to 500 characters." in said and "Traceback" not in said


def test_a_visitor_reads_with_its_models_and_no_other(new_page, url):
    page = new_page()
    page.goto(url)
    page.locator(".words button").first.wait_for()
    page.goto(f"{url}/explore?model=/etc/passwd")
    page.get_by_text("This server has the models minilm. Choose one of them.").first.wait_for()
    page.goto(f"{url}/explore?text={'word+' * 120}")
    page.get_by_text("This server reads texts of up to 500 characters.").first.wait_for()
    assert page.request.get(f"{url}/_stcore/health").ok
    assert page.request.get(f"{url}/_stcore/metrics").status == 404
    page.goto(f"{url}/models")
    page.get_by_role("heading", name="MiniLM", exact=True).wait_for()
    idle(page)
    assert not page.get_by_text("From the hub").count() and not page.locator("[data-testid=stFileUploader]").count()


def test_what_cannot_be_served_ends_with_a_sentence(tmp_path):
    def said(config: str) -> str:
        (tmp_path / "two-heads.toml").write_text(config)
        asked = [sys.executable, "-m", "dashboard", "serve"]
        env = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(asked, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 2 and "Traceback" not in done.stderr
        return done.stderr

    assert "owner/name" in said('models = ["owner/name"]') and "models = " not in said('models = ["owner/name"]')
    assert "[limits] characters" in said("[limits]\ncharacters = 1")
