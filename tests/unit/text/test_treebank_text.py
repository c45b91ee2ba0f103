"""The text of a treebank's sentences, and where their words stand in it (METRICS §0): known answers by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.text.sentence import LeftOut, ParsedSentence
from dashboard.text.treebank import read_treebank
from tests.helpers.sentences import numbers


def line(number, form, misc="_"):
    """Word 1 is the root, the others depend on it; a range or an empty node has neither head nor relation."""
    plain = str(number).isdigit()
    head, relation = ("0" if str(number) == "1" else "1", "dep") if plain else ("_", "_")
    return "\t".join([str(number), form, "_", "X", "_", "_", head, relation, "_", misc])


def block(*lines, text=None):
    said = [] if text is None else [f"# text = {text}"]
    return "\n".join([*said, *lines]) + "\n\n"


@pytest.fixture
def read(tmp_path):
    def read(content, name="bank.conllu"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_treebank(path))

    return read


def spelled(one):
    return [one.text[a:b] for a, b in one.spans]


N, NBSP = "SpaceAfter=No", "\u00a0"
KNOWN = {
    "cannot, whose words spell it": (
        block(
            line("1-2", "cannot"), line(1, "can"), line(2, "not"), line(3, "wait", N), line(4, "."), text="cannot wait."
        ),
        "cannot wait.",
        [(0, 3), (3, 6), (7, 11), (11, 12)],
    ),
    "don't, without a text": (
        block(line("1-2", "don't", N), line(1, "do"), line(2, "n't"), line(3, "!")),
        "don't!",
        [(0, 2), (2, 5), (5, 6)],
    ),
    "du, whose words do not": (
        block(
            line(1, "Il"),
            line("2-3", "du"),
            line(2, "de"),
            line(3, "le"),
            line(4, "pont", N),
            line(5, "."),
            text="Il du pont.",
        ),
        "Il du pont.",
        [(0, 2), (3, 5), (3, 5), (6, 10), (10, 11)],
    ),
    "zum, without a text": (
        block(line(1, "Geh"), line("2-3", "zum"), line(2, "zu"), line(3, "dem"), line(4, "See")),
        "Geh zum See",
        [(0, 3), (4, 7), (4, 7), (8, 11)],
    ),
    "three in one, of another case": (
        block(line("1-3", "Dámelo", "Typo=Yes|" + N), line(1, "da"), line(2, "me"), line(3, "lo"), line(4, "!")),
        "Dámelo!",
        [(0, 6)] * 3 + [(6, 7)],
    ),
    "SpaceAfter of a word within a range says nothing": (
        block(line("1-2", "al"), line(1, "a", N), line(2, "el", N), line(3, "mar")),
        "al mar",
        [(0, 2), (0, 2), (3, 6)],
    ),
    "SpaceAfter among other fields": (
        block(line(1, "a", "Gloss=b|SpaceAfter=No|Ref=1"), line(2, "b", "NoSpaceAfter=No"), line(3, "c", N)),
        "ab c",
        [(0, 1), (1, 2), (3, 4)],
    ),
    "double spaces in the text": (
        block(line(1, "a"), line(2, "b", N), line(3, "."), text="a  b ."),
        "a  b .",
        [(0, 1), (3, 4), (5, 6)],
    ),
    "no-break and wide spaces in the text": (
        block(line(1, "«"), line(2, "oui"), line(3, "»"), text=f"«{NBSP}oui\u3000»"),
        f"«{NBSP}oui\u3000»",
        [(0, 1), (2, 5), (6, 7)],
    ),
    "a space within a form": (
        block(line(1, "1 000"), line(2, "euros"), text=f"1{NBSP}000 euros"),
        f"1{NBSP}000 euros",
        [(0, 5), (6, 11)],
    ),
    "a space that the text does not have": (
        block(line(1, "1 000"), line(2, "euros"), text="1000 euros"),
        "1 000 euros",
        [(0, 5), (6, 11)],
    ),
    "a text of other words": (block(line(1, "a", N), line(2, "b"), text="a c"), "ab", [(0, 1), (1, 2)]),
    "a text that goes on": (block(line(1, "a"), line(2, "b"), text="a b c"), "a b", [(0, 1), (2, 3)]),
    "a text that ends early": (block(line(1, "a"), line(2, "b"), text="a"), "a b", [(0, 1), (2, 3)]),
    "the same letter of other code points": (
        block(line(1, "é"), line(2, "b", N), text="e\u0301  b"),
        "é b",
        [(0, 1), (2, 3)],
    ),
    "an empty text": (block(line(1, "a"), line(2, "b"), text=""), "a b", [(0, 1), (2, 3)]),
    "empty nodes": (
        block(line("0.1", "x"), line(1, "a"), line("1.1", "y", N), line(2, "b")),
        "a b",
        [(0, 1), (2, 3)],
    ),
    "no spaces at all": (
        block(line(1, "我", N), line(2, "喜欢", N), line(3, "茶", N), text="我喜欢茶"),
        "我喜欢茶",
        [(0, 1), (1, 3), (3, 4)],
    ),
}


@pytest.mark.parametrize("case", KNOWN)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_known_texts(read, case, ends, mark):
    content, text, spans = KNOWN[case]
    (one,) = read(mark + content.replace("\n", ends).encode())
    assert isinstance(one, ParsedSentence), one
    assert one.text == text and list(one.spans) == spans


def test_comments_between_and_a_text_of_each_sentence(read):
    rows = ["# newdoc", "# text_en = no", "#text=a  b", line(1, "a"), "# between", line(2, "b"), ""]
    first, second = read("\n".join([*rows, "# text = lost", "", line(1, "c"), "", ""]))
    assert first.text == "a  b" and second.text == "c"


RANGES = {
    "one word": [line("1-1", "a"), line(1, "a")],
    "turned round": [line("2-1", "ab"), line(1, "a"), line(2, "b")],
    "beyond the last word": [line(1, "a"), line("2-3", "b"), line(2, "b")],
    "after its words": [line(1, "a"), line(2, "b"), line("1-2", "ab")],
    "before they come": [line("2-3", "bc"), line(1, "a"), line(2, "b"), line(3, "c")],
    "two that overlap": [line("1-2", "ab"), line(1, "a"), line("2-3", "bc"), line(2, "b"), line(3, "c")],
    "one twice": [line("1-2", "ab"), line("1-2", "ab"), line(1, "a"), line(2, "b")],
    "without a form": [line("1-2", ""), line(1, "a"), line(2, "b")],
}


@pytest.mark.parametrize("case", RANGES)
def test_a_range_that_does_not_fit(read, case, snapshot):
    before, out, after = read(block(line(1, "a")) + block(*RANGES[case]) + block(line(1, "a")))
    assert (
        isinstance(out, LeftOut) and out.line == 3 and numbers(out.reason)[-1] in (3, 4, 5) and out.reason == snapshot
    )
    assert isinstance(before, ParsedSentence) and isinstance(after, ParsedSentence)


letters = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\t\n\r "), min_size=1, max_size=5)
forms = letters.filter(lambda form: not any(c.isspace() for c in form))
surfaces = st.one_of(
    forms.map(lambda form: (form, [form])),
    st.lists(forms, min_size=2, max_size=3).map(lambda parts: ("".join(parts), parts)),
    st.tuples(forms, st.lists(forms, min_size=2, max_size=3)),
)
gaps = st.sampled_from(["", " ", "  ", NBSP])


@settings(max_examples=200)
@given(st.lists(st.tuples(surfaces, gaps), min_size=1, max_size=8), st.booleans())
def test_what_is_written_is_read(tmp_path_factory, sentence, said):
    """A sentence written to CoNLL-U as the format asks comes back with its text and with spans that spell it."""
    lines, expected, text, number = [], [], "", 1
    for place, ((surface, parts), gap) in enumerate(sentence):
        gap = (gap if said else gap and " ") if place < len(sentence) - 1 else ""
        misc = "_" if gap else N
        if len(parts) > 1:
            lines.append(line(f"{number}-{number + len(parts) - 1}", surface, misc))
        for part in parts:
            lines.append(line(number, part, misc if len(parts) == 1 else "_"))
            number += 1
        expected += parts if "".join(parts) == surface else [surface] * len(parts)
        text += surface + gap
    path = tmp_path_factory.getbasetemp() / "written.conllu"
    path.write_bytes(block(*lines, text=text if said else None).encode())
    (one,) = read_treebank(path)
    assert isinstance(one, ParsedSentence) and one.text == text
    assert list(one.words) == [part for (_, parts), _ in sentence for part in parts]
    assert spelled(one) == expected and list(one.spans) == sorted(one.spans)
