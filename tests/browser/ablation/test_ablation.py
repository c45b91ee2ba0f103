"""A person on “Ablation”: chooses a head, changes what takes its place, clicks in the ranking, takes two heads
out together, takes a table."""

from __future__ import annotations

import pandas as pd

from dashboard.analyses.ablation.rank_chart import HIGH
from dashboard.analyses.ablation.results import MEASUREMENT
from tests.helpers.browser import address, box, download, rows_of

RANKED = '[role=graphics-document][aria-label^="All 72 heads"]'


def shows(page, words: str) -> None:
    page.get_by_text(words).first.wait_for()


def shipped(by: str) -> pd.DataFrame:
    return pd.read_parquet(MEASUREMENT.shipped / f"minilm-{by}.parquet")


def place_of(name: str, by: str) -> int:
    """Where this head stands in the shipped ranking, from 1."""
    heads = shipped(by).sort_values("shift", ascending=False, ignore_index=True)
    return 1 + heads.index[("L" + heads["layer"].astype(str) + "H" + heads["head"].astype(str)) == name].item()


def test_a_head_is_taken_out_another_clicked_and_the_numbers_taken_away(person):
    page = person("ablation?layer=2&head=9&tray=L4H3,L4H5", height=1600)
    heads = shipped("zero")
    best = heads.loc[heads["shift"].idxmax()]
    name = f"L{best['layer']:.0f}H{best['head']:.0f}"
    shows(page, f"L2H9 ranks {place_of('L2H9', 'zero')} of 72 heads")
    page.wait_for_timeout(1500)
    page.get_by_label("Head", exact=True).fill("8")
    page.keyboard.press("Enter")
    shows(page, "Without L2H8, the last vectors of MiniLM turn by")
    page.wait_for_timeout(1200)
    page.get_by_text("Its mean", exact=True).click()
    shows(page, f"L2H8 ranks {place_of('L2H8', 'mean')} of 72 heads")
    assert (address(page)["by"], address(page)["head"]) == ("mean", "8")
    page.wait_for_timeout(1200)
    page.get_by_text("Zero", exact=True).click()
    shows(page, f"L2H8 ranks {place_of('L2H8', 'zero')} of 72 heads")
    page.get_by_text("The 2 pinned heads together").click()
    shows(page, "Without L4H3 and L4H5 together, the last vectors")
    page.locator(".st-key-picture_together [role=graphics-document]").wait_for()
    assert address(page)["out"] == "tray"
    page.locator(RANKED).wait_for()
    page.wait_for_timeout(1500)
    zero = box(page.locator(f"{RANKED} .mark-rule line").first)  # it spans the plot
    height = HIGH * (best["shift"] / (heads["shift_high"].max() * 1.04)) ** 0.5
    page.mouse.click(zero["x"] + zero["width"] / 73, zero["y"] - height)
    shows(page, f"{name} ranks 1 of 72 heads")
    shows(page, f"Without {name}, the last vectors")
    assert f"L{address(page)['layer']}H{address(page)['head']}" == name and "out" not in address(page)
    page.wait_for_timeout(1200)
    frame = page.locator(".st-key-picture_effects_minilm_zero_total [role=graphics-document]")
    frame.scroll_into_view_if_needed()
    cell = box(frame.get_by_text("H3", exact=True)), box(frame.get_by_text("L4", exact=True))
    page.mouse.click(cell[0]["x"] + 6, cell[1]["y"] + 6)  # on the atlas of effect
    shows(page, "Without L4H3, the last vectors")
    rows = rows_of(download(page, "standing", "CSV"))
    assert len(rows) == 72 and all(float(row["shift_low"]) <= float(row["shift"]) for row in rows)


def test_a_word_is_clicked_and_compared_with_a_rival(person):
    page = person("ablation?model=smollm2&layer=9&head=8&text=The keys to the cabinet are on the table.", height=1600)
    picture = page.locator(".st-key-picture_without [role=graphics-document]")
    picture.wait_for()
    page.wait_for_timeout(1500)
    table = box(picture.locator("text", has_text="table").last)
    page.mouse.click(table["x"] + table["width"] / 2, table["y"] + table["height"] / 2)
    shows(page, "What does the model expect in the place of “table”?")
    assert address(page)["at_word"] == "8"
    page.wait_for_timeout(1200)
    are = box(picture.locator("text", has_text="are").last)
    page.mouse.click(are["x"] + are["width"] / 2, are["y"] + are["height"] / 2)
    shows(page, "What does the model expect in the place of “are”?")
    page.wait_for_timeout(1200)
    page.get_by_label("Compare with", exact=True).fill("is")
    page.keyboard.press("Enter")
    shows(page, "p(are) − p(is)")
    assert (address(page)["at_word"], address(page)["rival"]) == ("5", "is")
    page.reload()
    shows(page, "p(are) − p(is)")
    rows = rows_of(download(page, "at_word", "CSV"))
    assert [row["which"] for row in rows[:2]] == ["word", "rival"] and len(rows) > 4
