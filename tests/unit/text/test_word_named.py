"""A word of a text by what a person types, where the text has none."""

import pytest

from dashboard.errors import UserError
from dashboard.text.own_tokens import encoding_of_tokens
from dashboard.text.word_named import word_named


@pytest.mark.parametrize("typed", ["1", "says"])
def test_a_text_of_special_tokens_alone_has_no_word(typed):
    with pytest.raises(UserError, match=f"no words, so none is “{typed}”"):
        word_named(encoding_of_tokens(["<s>", "</s>"], [True, True]), typed)
