"""A model's card: from what ships, measured anew over a few sentences, stopped after a part, and of a broken folder."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.analyses.ablation.api import ablate_in
from dashboard.analyses.card import measured
from dashboard.analyses.card.api import make_card
from dashboard.cli import main
from dashboard.corpus.builtin import builtin_corpus
from dashboard.errors import UserError
from dashboard.export import ReportFigure
from tests.helpers import shipped

SECTIONS = [
    "The model",
    "Heads by name",
    "Where each head looks",
    "Induction",
    "Attention sinks",
    "Relations",
    "Roles",
    "Budget",
    "Effects of ablation",
    "Effects, largest first",
]


class Stopped(BaseException):
    """A kill."""


def test_the_card_of_minilm_is_made_of_what_ships(minilm, tmp_path):
    told = []
    card = make_card(minilm, tmp_path, progress=lambda fraction, sentence: told.append(fraction))
    assert [one.heading for one in card.sections] == SECTIONS
    assert told == sorted(told) and told[-1] == 1
    assert card.measured.effects.table.equals(shipped.effects().sort_values(["layer", "head"]).reset_index(drop=True))
    assert card.measured.profile.about["sentences"]["used"] == 342
    page = (tmp_path / "card.html").read_text()
    assert "Card of MiniLM" in page and "22.7 million parameters" in page
    [effects] = [one for one in card.sections if one.heading == "Effects of ablation"]
    assert "no language-model head" in effects.note and "shift" in effects.note  # it has no loss in nats
    assert (tmp_path / "card.pdf").read_bytes().startswith(b"%PDF")


@pytest.fixture(scope="module")
def stopped(small, tmp_path_factory):
    """A small causal model, and the folder of its card that was stopped while heads were ablated."""
    model, out = small("llama"), tmp_path_factory.mktemp("card")

    def stop(fraction, sentence):
        if fraction > 0.55:
            raise Stopped

    with pytest.raises(Stopped):
        make_card(model, out, sentences=3, progress=stop)
    return model, out


def test_a_stopped_card_goes_on_with_what_is_missing(stopped, monkeypatch):
    model, out = stopped
    assert (out / "atlas.npz").exists() and (out / "profile" / "profile.json").exists()
    assert not (out / "effects.parquet").exists() and not (out / "card.html").exists()
    for name in ("overview", "profile"):  # what is there already is not measured a second time
        monkeypatch.setattr(measured, name, lambda *_, **__: pytest.fail("measured again"))
    card = make_card(model, out, sentences=3)
    assert all(isinstance(one, ReportFigure) or one.finding for one in card.sections)
    expected = ablate_in(model, builtin_corpus(), sentences=3).table
    pd.testing.assert_frame_equal(card.measured.effects.table, expected)
    monkeypatch.setattr(measured.results, "ablate_in", lambda *_, **__: pytest.fail("measured again"))
    again = make_card(model, out, sentences=3)
    assert [one.finding for one in again.sections] == [one.finding for one in card.sections]


def test_a_folder_with_another_models_card_is_refused(stopped, minilm, refuses):
    model, out = stopped
    with refuses(UserError, str(out), hide=(model.name,)):
        make_card(minilm, out)


def test_a_broken_part_is_measured_again(stopped):
    model, out = stopped
    make_card(model, out, sentences=3)
    file = out / "atlas.npz"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    card = make_card(model, out, sentences=3)
    assert file.read_bytes() != whole[: len(whole) // 2] and len(card.measured.atlas.scores) == 12


def test_what_cannot_be_had_is_a_sentence_in_its_place(minilm, tmp_path, monkeypatch):
    def refused(*_, **__):
        raise UserError("This model is one of a kind. Choose another model.")

    monkeypatch.setattr(measured, "overview", refused)
    monkeypatch.setattr(measured.results.MEASUREMENT.__class__, "find", lambda *_: None)
    monkeypatch.setattr(measured.results, "ablate_in", refused)
    card = make_card(minilm, tmp_path)
    told = {one.heading: one.finding for one in card.sections if not isinstance(one, ReportFigure)}
    for heading in ("Where each head looks", "Induction", "Effects of ablation"):
        assert told[heading] == "This model is one of a kind. Choose another model."
    assert "Roles" not in told


def test_the_command_refuses_no_sentence(tmp_path, capsys):
    assert main(["card", "minilm", "--out", str(tmp_path / "card"), "--sentences", "0"]) == 2
    assert "1 sentence or more" in capsys.readouterr().err
