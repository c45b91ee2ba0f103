"""CoNLL-U as people write it, and as they should not."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.text.sentence import LeftOut, ParsedSentence, not_a_tree
from dashboard.text.treebank import LONGEST_LINE, read_treebank


def row(number, form, head, relation="dep", lemma="_", upos="X"):
    return "\t".join([str(number), form, lemma, upos, "_", "_", str(head), relation, "_", "_"])


def sentence(*rows):
    return "\n".join(rows) + "\n\n"


GOOD = sentence(row(1, "Chefs", 2, "nsubj:pass", "chef", "NOUN"), row(2, "sing", 0, "root", "sing", "VERB"))


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "bank.conllu"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_treebank(path))

    return read


def test_words_heads_and_labels(read):
    (one,) = read("# sent_id = 1\n" + GOOD)
    assert one == ParsedSentence(
        0,
        2,
        ("Chefs", "sing"),
        (1, -1),
        ("nsubj:pass", "root"),
        ("NOUN", "VERB"),
        ("chef", "sing"),
        text="Chefs sing",
        spans=((0, 5), (6, 10)),
    )
    assert one.bases == ("nsubj", "root") and one.keys == ("chef", "sing")


def test_multiword_tokens_and_empty_nodes_are_passed_over(read):
    rows = ["1-2\tdel" + "\t_" * 8, row(1, "de", 2), row(2, "el", 0, "root"), "2.1\tx" + "\t_" * 8, row(3, "día", 2)]
    (one,) = read(sentence(*rows))
    assert one.words == ("de", "el", "día") and one.heads == (1, -1, 1)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("closing", [True, False])
def test_line_ends_and_a_byte_order_mark(read, ends, mark, closing):
    text = (GOOD + "\n\n# new\n" + GOOD).replace("\n", ends)
    found = read(mark + (text if closing else text.rstrip()).encode())
    assert [one.words for one in found] == [("Chefs", "sing")] * 2
    assert [one.line for one in found] == [1, 7] and [one.index for one in found] == [0, 1]


LEFT_OUT = {
    "two roots": (sentence(row(1, "a", 0), row(2, "b", 0)), "2 roots"),
    "no root": (sentence(row(1, "a", 2), row(2, "b", 1)), "no root"),
    "a cycle": (sentence(row(1, "a", 0), row(2, "b", 3), row(3, "c", 2)), "cycle"),
    "its own head": (sentence(row(1, "a", 0), row(2, "b", 2)), "cycle"),
    "a missing head": (sentence(row(1, "a", "_")), "no head"),
    "a negative head": (sentence(row(1, "a", "-1")), "no head"),
    "a head that is not there": (sentence(row(1, "a", 0), row(2, "b", 9)), "not in the sentence"),
    "a head that is no number": (sentence(row(1, "a", "x")), "not a number"),
    "a head of many digits": (sentence(row(1, "a", "9" * 5000)), "not a number"),
    "nine columns": (sentence(row(1, "a", 0)[:-2]), "9 columns"),
    "eleven columns": (sentence(row(1, "a", 0) + "\t_"), "11 columns"),
    "spaces for tabs": (sentence(row(1, "a", 0).replace("\t", "  ")), "divided by spaces"),
    "a gap in the numbers": (sentence(row(1, "a", 0), row(3, "b", 1)), "not numbered"),
    "no form": (sentence(row(1, "", 0)), "no form"),
    "no relation": (sentence(row(1, "a", 0, "_")), "no relation"),
    "only an empty node": (sentence("0.1\tx" + "\t_" * 8), "no words"),
    "another encoding": (sentence(row(1, "ä", 0)).encode("latin-1"), "UTF-8"),
    "a line without end": (b"1\t" + b"x" * (2 * LONGEST_LINE) + b"\n\n", "too long"),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_is_left_out_is_counted_with_reason_and_line(read, case):
    content, reason = LEFT_OUT[case]
    content = content if isinstance(content, bytes) else content.encode()
    before, out, after = read(GOOD.encode() + content + GOOD.encode())
    assert isinstance(before, ParsedSentence) and isinstance(after, ParsedSentence) and after.index == 2
    assert isinstance(out, LeftOut) and (out.index, out.line) == (1, 4) and reason in out.reason


def test_a_form_may_hold_spaces(read):
    (one,) = read(sentence(row(1, "10 000", 0), row(2, "10  000", 1)))
    assert one.words == ("10 000", "10 000")


def test_not_a_tree_against_walking_up_from_every_word():
    def naive(heads):
        for word in range(len(heads)):
            for _ in range(len(heads) + 1):
                word = heads[word]
                if word == -1:
                    break
                if not 0 <= word < len(heads):
                    return False
            else:
                return False
        return sum(head == -1 for head in heads) == 1

    from itertools import product

    for m in (1, 2, 3, 4):
        for heads in product(range(-1, m + 1), repeat=m):
            assert (not_a_tree(heads) is None) == naive(heads), heads


def test_a_deep_tree():
    assert not_a_tree(range(-1, 50_000)) is None


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=400),
        st.lists(
            st.sampled_from(
                [
                    b"1\t",
                    b"2",
                    b"\t",
                    b"_",
                    b"\n",
                    b"\r\n",
                    b"\xff",
                    b"#",
                    b"1-2",
                    b"1.1",
                    b"a",
                    b"0",
                    b"\xef\xbb\xbf",
                    b"\x00",
                    b"\x85",
                    "\u2028".encode(),
                    *GOOD.encode().splitlines(True),
                ]
            ),
            max_size=40,
        ).map(b"".join),
    )
)
def test_any_bytes(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.conllu"
    path.write_bytes(content)
    try:
        found = list(read_treebank(path))
    except UserError as error:
        assert "UTF-16" in str(error)
        return
    assert [one.index for one in found] == list(range(len(found)))
    lines = content.count(b"\n") + 1
    for one in found:
        assert 1 <= one.line <= lines
        if isinstance(one, ParsedSentence):
            columns = (one.words, one.heads, one.relations, one.upos, one.lemmas)
            assert {len(column) for column in columns} == {len(one)} and all(one.words)
            assert not_a_tree(one.heads) is None


def test_a_file_that_cannot_be_read(tmp_path, refuses):
    for path in (tmp_path, tmp_path / "none.conllu", "a\0b"):
        with refuses(UserError):
            list(read_treebank(path))
    (tmp_path / "wide.conllu").write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(UserError, match="UTF-8"):
        list(read_treebank(tmp_path / "wide.conllu"))


def test_a_large_file_is_a_stream(tmp_path: Path):
    path = tmp_path / "large.conllu"
    with path.open("w") as file:
        for _ in range(20):
            file.write(GOOD * 500)
        file.write("# " + "x" * 3_000_000 + "\n" + row(1, "y" * 3_000_000, 0) + "\n\n" + GOOD)
    tracemalloc.start()
    kinds = [type(one) for one in read_treebank(path)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kinds == [ParsedSentence] * 10_000 + [LeftOut, ParsedSentence]
    assert peak < 2_000_000
