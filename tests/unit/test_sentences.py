"""What tests read out of a sentence is what it says."""

from __future__ import annotations

from tests.helpers.sentences import heads_in, numbers, plain, wording


def test_numbers_are_read_with_signs_thousands_and_powers_of_ten():
    assert numbers("L2H9: 2,001 heads, −0.3 nats (95\u00a0% −0.21 to 0.24), 8·10⁻⁶; w3, 17 places.") == [
        2001, -0.3, 95, -0.21, 0.24, 8e-6, 17,
    ]  # fmt: skip
    assert numbers("No head has a value.") == []


def test_heads_and_words_are_read_as_they_stand():
    assert heads_in("L0H2, then L10H11 and L0H2") == ["L0H2", "L10H11", "L0H2"]
    assert plain("95\u00a0% of \\[CLS\\] \u2060\\*") == "95 % of [CLS] *"


def test_wording_is_the_sentence_without_its_numbers():
    assert wording("L2H9 gives 64\u00a0% (mean over 2,001 words), −8·10⁻⁶ nats.") == (
        "L2H9 gives # % (mean over # words), #·10^# nats."
    )
