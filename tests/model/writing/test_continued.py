"""A text that a model continued, read again: told apart in figures, files, lines that make them again, and commands."""

from __future__ import annotations

import pytest

from dashboard import attention, continued, draw, open_model, save, write
from dashboard.cli import main
from dashboard.export import snippet
from dashboard.text.stretches import PROMPT, WRITTEN
from tests.helpers import snippets

TEXT = "The keys to the cabinet"


@pytest.fixture(scope="module")
def found(smollm2):
    return write(smollm2, "Once upon a time", tokens=3)


def test_what_was_written_is_told_apart_when_it_is_read_again(smollm2, found):
    prompt, whole = len(found.prompt), found.encoding
    assert whole.stretches == (PROMPT,) * prompt + (WRITTEN,) * 3
    again = smollm2.encode(whole.text)
    assert again.ids == whole.ids and again.stretches == whole.stretches
    further = write(smollm2, again, tokens=2).encoding
    assert further.stretches == (PROMPT,) * prompt + (WRITTEN,) * 5
    assert smollm2.encode(str(whole.text)).stretches == ()
    words = whole.axis("words")
    assert [words.stretches[k] == WRITTEN for k in range(len(words.labels))] == [
        own[0] >= prompt for own in words.members
    ]


def test_the_lines_of_a_figure_make_the_same_file_in_a_process_of_their_own(minilm, tmp_path):
    chart = draw(attention(minilm, continued(TEXT, " are on the table"), "L0H2", unit="words"), "arcs")
    save(chart, tmp_path / "mine.svg")
    lines = snippet(chart.provenance)
    assert f"text = continued({TEXT!r}, ' are on the table')" in lines
    snippets.run(lines, tmp_path)
    [theirs] = [file for file in tmp_path.glob("*.svg") if file.name != "mine.svg"]
    assert theirs.read_bytes() == (tmp_path / "mine.svg").read_bytes() and WRITTEN in theirs.read_text()


def test_a_stored_record_keeps_the_prompt(minilm):
    record = draw(attention(minilm, continued(TEXT, " are here"), "L0H2")).provenance
    stored = record.to_dict()
    assert stored["prompt"] == TEXT and type(record).from_dict(stored).text.prompt == TEXT
    assert "prompt" not in draw(attention(minilm, TEXT, "L0H2")).provenance.to_dict()


def test_a_file_of_weights_keeps_the_stretches(minilm, tmp_path):
    view = attention(minilm, continued(TEXT, " are here"), "L0H2")
    save(view, tmp_path / "weights.npz")
    assert open_model(str(tmp_path / "weights.npz")).own_text.stretches == view.stretches


def test_the_command_line_takes_the_prompt(tmp_path, capsys):
    out = tmp_path / "a.csv"
    command = ["attention", f"{TEXT} are here", "--layer", "0", "--head", "2", "--out", str(out), "--prompt"]
    assert main([*command, TEXT]) == 0 and f',"{WRITTEN}"' in out.read_text(encoding="utf-8-sig")
    assert main([*command, "The doors"]) != 0 and "does not begin with “The doors”" in capsys.readouterr().err
