"""Plain English to trees, by the parser that comes with the dashboard."""

import sys
import threading
import time

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.text import split_words
from dashboard.text.parse import LONGEST_PARAGRAPH, PARSER, not_english, parse, read_text
from dashboard.text.sentence import not_a_tree

FIRST = "The chef who trained in Osaka says ramen is her favourite food."
TEXTS = [
    FIRST,
    "She didn't eat\nit.  He  did!",
    "\n\n \nWell.\n\n\n\tNo.",
    "x",
    "",
    "  ",
    "我喜欢拉面。 Good.",
    "a\x00b ?",
]


def check(text):
    found = parse(text)
    words = [word.form for word in split_words(text)]
    assert [word for one in found for word in one.words] == words
    for index, one in enumerate(found):
        assert one.index == index and text[one.start :].startswith(one.text)
        assert [one.text[a:b] for a, b in one.spans] == list(one.words)
        assert one.line == text.count("\n", 0, one.start) + 1
        assert not_a_tree(one.heads) is None
        assert {len(one.relations), len(one.upos), len(one.lemmas), len(one.heads)} == {len(one)}
    return found


def test_the_first_sentence():
    (one,) = parse(FIRST)
    says, chef = one.words.index("says"), one.words.index("chef")
    assert one.heads[says] == -1 and one.heads[chef] == says and one.relations[chef] == "nsubj"
    assert one.lemmas[says] == "say" and one.upos[chef] == "NOUN"


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text):
    check(text)


@settings(max_examples=40)
@given(st.text(alphabet="ab. \n\u3000我!'\"\u0301\r\t", max_size=60))
def test_any_text(text):
    check(text)


def test_as_the_parser_itself_reads_plain_text():
    text = f"{FIRST} When did they eat  it? Nobody, not even the waiter, knew."
    doc = spacy.load(PARSER)(text)
    tokens = [token for token in doc if not token.is_space]
    assert [r for one in parse(text) for r in one.relations] == [token.dep_ for token in tokens]
    assert [u for one in parse(text) for u in one.upos] == [token.pos_ for token in tokens]


def test_a_long_paragraph_is_parsed_in_parts():
    many = LONGEST_PARAGRAPH // len(FIRST) + 20
    found = check((FIRST + " ") * many)
    assert len(found) == many


def test_a_file(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbf" + f"{FIRST}\r\n\r\nÄ sentence.\r\n".encode())
    first, second = read_text(path)
    assert first.words[0] == "The" and second.line == 3 and second.words == ("Ä", "sentence", ".")
    path.write_bytes("ä".encode("latin-1"))
    with pytest.raises(UserError, match="UTF-8"):
        list(read_text(path))


def test_a_model_that_is_not_there_or_does_not_parse(tmp_path, refuses):
    for name in ("xx_no_such_model", "no model", "os", "spacy"):  # a module that is no spaCy model is not imported
        with refuses(UserError, name):
            parse("A word.", model=name)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"meta\.json"):  # in the library's words
        parse("A word.", model=str(tmp_path / "empty"))
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(UserError, match="does not parse"):  # of a path that is cut short
        parse("A word.", model=str(tmp_path / "blank"))


def test_another_language_is_told():
    assert not_english(FIRST) is None and not_english("Ramen!") is None and not_english("") is None
    for text in (
        "Le chef formé à Osaka dit que les ramen sont son plat préféré.",
        "Der Koch, der in Osaka gelernt hat, sagt, dass Ramen sein Lieblingsessen ist.",
        "我喜欢拉面。",
    ):
        assert "English" in not_english(text)


def test_visitors_who_come_at_once_load_the_parser_once(monkeypatch):
    loaded, real = [], spacy.load

    def slowly(name, *args, **more):
        loaded.append(name)
        time.sleep(0.2)
        return real(name, *args, **more)

    module = sys.modules["dashboard.text.parse"]  # the package has a function of that name
    module._parser.cache_clear()
    monkeypatch.setattr(spacy, "load", slowly)
    found = []
    threads = [threading.Thread(target=lambda k=k: found.append(parse(f"Chef {k} waits."))) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loaded == [PARSER] and len(found) == 6 and all(len(one) == 1 for one in found)
