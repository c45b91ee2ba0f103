"""A person on “Corpora”: profiles a file, visits another page meanwhile, opens, takes away and deletes it."""

from __future__ import annotations

import io
import re
import shutil
import zipfile

import pandas as pd
import pytest

from dashboard.analyses.profile.library import place_for, profile_library
from dashboard.corpus.builtin import builtin_corpus
from tests.helpers.browser import address

NAME = "Twenty of them"
AGAIN = "Twenty of them again"


@pytest.fixture
def page(person):
    yield person("corpus", height=1200)
    for kept in profile_library():
        if kept.name in (NAME, AGAIN):
            shutil.rmtree(kept.folder)


def first_sentences(count: int) -> str:
    return "\n\n".join(builtin_corpus().read_text(encoding="utf-8").strip().split("\n\n")[:count]) + "\n\n"


def test_a_file_is_profiled_in_the_background_opened_taken_away_and_deleted(page, tmp_path):
    file = tmp_path / "twenty.conllu"
    file.write_text(first_sentences(20), encoding="utf-8")
    page.get_by_text("Your own file").click()
    page.locator("input[type=file]").first.set_input_files(str(file))
    page.get_by_text("twenty.conllu").first.wait_for()
    page.get_by_label("Name of the profile").fill(NAME)
    page.get_by_role("button", name="Start the profile").click()
    page.get_by_role("button", name="Stop").wait_for()
    page.get_by_role("link", name="Models").click()  # another page meanwhile
    page.get_by_role("heading", name="Your own").wait_for()
    page.get_by_role("link", name="Corpora").click()
    row = page.locator("[data-testid=stVerticalBlock]").filter(has_text=re.compile(f"^{NAME}MiniLM")).last
    row.get_by_role("link", name="Open on Syntax vs context").wait_for()
    assert (place_for(NAME) / "profile.json").exists() and not (place_for(NAME) / "source").exists()
    with page.expect_download() as waiting:
        row.get_by_role("button", name="Download (zip)").click()
    with zipfile.ZipFile(waiting.value.path()) as archive:
        assert {"profile.json", "heads.csv", "relations.parquet", "sentences.csv"} <= set(archive.namelist())
        heads = pd.read_csv(io.BytesIO(archive.read("heads.csv")))
    assert len(heads) == 72 and heads["queries"].max() > 100
    page.get_by_text("heads have the same role on both corpora").first.wait_for()
    row.get_by_role("link", name="Open on Syntax vs context").click()
    page.wait_for_url("**/profile?*profile=*")
    page.get_by_text("of 20 sentences").first.wait_for()
    assert address(page)["profile"] == NAME
    shutil.copytree(place_for(NAME), place_for(AGAIN))  # the row after it
    page.get_by_role("link", name="Corpora").click()
    page.get_by_text(AGAIN, exact=True).wait_for()
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it for good").click()
    row.wait_for(state="detached")
    assert not place_for(NAME).exists() and place_for(AGAIN).exists()
    page.wait_for_timeout(1000)
    assert page.get_by_role("button", name="Delete it for good").count() == 0  # a second press must not take the next
