"""Text in Streamlit's Markdown: what Markdown would read is stopped, and nothing else is changed."""

import pytest

from dashboard.ui.markdown import _JOINER, escape_markdown, words_apart


@pytest.mark.parametrize("text", ["www.example.com", "WWW.example.com", "Www.a.de", "a ~= b", "me@example.com", "-->"])
def test_what_streamlit_would_read_into_a_text_is_kept_apart(text):
    escaped = escape_markdown(text)
    assert _JOINER in escaped
    assert escaped.replace(_JOINER, "").replace("\\", "") == text


def test_line_ends_become_spaces_and_a_no_break_space_stays():
    assert escape_markdown("17\u00a0%\nof  it ") == "17\u00a0% of it"


def test_a_word_from_right_to_left_leaves_the_figures_after_it_where_they_are():
    said = words_apart("“طعام” looks most at “food” (100 %), then at “(ramen طعام)” (3 %).")
    assert said == "“\u2068طعام\u2069” looks most at “food” (100 %), then at “\u2068(ramen طعام)\u2069” (3 %)."
    assert "\u2068طعام\u2069" in escape_markdown(said)
    assert words_apart("“chef” → “food”: 31 %, “open") == "“chef” → “food”: 31 %, “open"
