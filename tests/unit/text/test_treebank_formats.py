"""What people bring for a treebank: other formats and encodings, broken files; and what they are told."""

import random
import re

import pytest

from dashboard.errors import UserError
from dashboard.text.charset import not_utf8_file
from dashboard.text.corpus_file import reader_of
from dashboard.text.reasons import no_sentence
from dashboard.text.sentence import LeftOut, ParsedSentence
from dashboard.text.treebank import read_treebank
from tests.helpers.sentences import numbers

GOOD = """# text = Herons don't wait.
1\tHerons\theron\tNOUN\t_\t_\t4\tnsubj\t_\t_
2-3\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
2\tdo\tdo\tAUX\t_\t_\t4\taux\t_\t_
3\tn't\tnot\tPART\t_\t_\t4\tadvmod\t_\t_
4\twait\twait\tVERB\t_\t_\t0\troot\t_\tSpaceAfter=No
5\t.\t.\tPUNCT\t_\t_\t4\tpunct\t_\t_

"""
SIMPLE = "".join(row + "\n" for row in GOOD.split("\n") if "-" not in row[:3] and not row.startswith("#"))


def written(tmp_path, content, name="bank.conllu"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def told(tmp_path, content, name="bank.conllu"):
    found = list(read_treebank(written(tmp_path, content, name)))
    assert all(isinstance(one, LeftOut) for one in found)
    return no_sentence(name, found)


ALL = {
    "spaces for tabs": (
        SIMPLE.replace("\t", "    ") * 2,
        "Line 1: columns are divided by spaces instead of tabs "
        "(2 of 2 sentences). CoNLL-U divides columns by tabs: replace the spaces between them",
    ),
    "one space for tabs": (SIMPLE.replace("\t", " "), "divided by spaces instead of tabs (1 of 1 sentence)."),
    "a tab at the end": (
        SIMPLE.replace("\n", "\t\n").replace("\n\t\n", "\n\n"),
        "Line 1: a line has 11 columns in place of ten: it ends with a tab (1 of 1 sentence). Remove the tab",
    ),
    "no heads": (
        re.sub(r"\t\d\t[a-z]+\t_\t", "\t_\t_\t_\t", SIMPLE) * 3,
        "Line 1: it has no heads, it is not parsed (3 of 3 sentences). Parse the file",
    ),
    "names of CoNLL-2003": (
        "-DOCSTART- -X- O O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n",
        "4 columns in place of ten, with spaces for tabs (2 of 2 sentences). CoNLL-U and CoNLL-X have ten columns",
    ),
    "CoNLL-2009": ("1\ta" + "\t_" * 12 + "\n", "14 columns in place of ten (1 of 1 sentence). CoNLL-U and CoNLL-X"),
    "one head missing": (
        SIMPLE.replace("\t4\tnsubj", "\t_\tnsubj"),
        "Line 1: word 1 has no head (1 of 1 sentence). Give each word the number of its head",
    ),
    "a later line": (SIMPLE.replace("\t4\tpunct", "\t4\t_"), "Line 5: word 5 has no relation (1 of 1"),
    "reasons of several kinds": (SIMPLE.replace("\t4\tpunct", "\t4\t_") * 2 + "x\n\n", "(2 of 3 sentences)"),
    "no id": (SIMPLE.replace("4\twait", "_\twait"), "not numbered"),
    "only comments": ("# nothing\n\n# more\n", "bank.conllu has no sentences."),
    "nothing": ("", "bank.conllu has no sentences."),
}


@pytest.mark.parametrize("case", ALL)
def test_the_first_reason_its_line_how_many_and_what_to_do(tmp_path, case):
    content, said = ALL[case]
    sentence = told(tmp_path, content)
    assert said in sentence and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize("ending", [".conllu", ".conllup", ".conll", ".CoNLLU"])
def test_endings(tmp_path, ending, refuses_alike):
    path = written(tmp_path, GOOD, "bank" + ending)
    (one,) = reader_of(path)(path)
    assert one.text == "Herons don't wait." and one.spans[1:3] == ((7, 9), (9, 12))
    with refuses_alike(UserError, ".conllu", ".conllup", ".conll"):
        reader_of(tmp_path / "bank.conl")


def test_conll_x(tmp_path):
    """Its parts of speech are of one treebank; PHEAD and PDEPREL say nothing that we read."""
    rows = "1\tCathy\tCathy\tN\tN\teigen|ev\t2\tsu\t_\t_\n2\tzag\tzie\tV\tV\ttrans\t0\tROOT\t0\tROOT\n\n"
    (one,) = read_treebank(written(tmp_path, rows, "x.conll"))
    assert one.words == ("Cathy", "zag") and one.heads == (1, -1) and one.relations == ("su", "ROOT")
    assert one.text == "Cathy zag" and one.upos == ("N", "V")


def test_conllu_plus_in_any_order(tmp_path, snapshot):
    names = "# global.columns = DEPREL ID HEAD MISC FORM PARSEME:MWE"
    rows = ["root\t1\t0\tSpaceAfter=No\tRain\t*", "_\t2-3\t_\t_\tau\t*", "case\t2\t1\t_\tà\t*", "det\t3\t1\t_\tle\t*"]
    (one,) = read_treebank(written(tmp_path, "\n".join([names, "# text = Rain au", *rows, ""]), "x.conllup"))
    assert one.words == ("Rain", "à", "le") and one.heads == (-1, 0, 0) and one.relations == ("root", "case", "det")
    assert one.upos == one.lemmas == ("_",) * 3 and one.text == "Rain au" and one.spans == ((0, 4), (5, 7), (5, 7))
    (bare,) = read_treebank(written(tmp_path, "\n".join([names, *rows]), "x.conllup"))
    assert bare.text == "Rainau"
    (out,) = read_treebank(written(tmp_path, names + "\nroot\t1\t0\n", "x.conllup"))
    assert numbers(out.reason) == [3, 6, 2] and out.reason == snapshot


@pytest.mark.parametrize(("names", "missing"), [("ID FORM UPOS", "HEAD"), ("", "ID"), ("ID ID FORM HEAD DEPREL", "ID")])
def test_conllu_plus_without_what_is_needed(tmp_path, names, missing, refuses):
    path = written(tmp_path, f"# global.columns = {names}\n1\ta\tX\n", "x.conllup")
    with refuses(UserError, "x.conllup", f" {missing} "):
        list(read_treebank(path))


def rows_of(text):
    words = text.split()
    return "".join(f"{i}\t{w}\t_\tX\t_\t_\t{i - 1}\tdep\t_\t_\n" for i, w in enumerate(words, 1)) + "\n"


WEST = [
    "Le garçon a mangé la crème brûlée à Noël",
    "Die Straße führt über Köln nach Süden",
    "Ég þekki ekki íslensku",
    "El niño soñó con una cigüeña",
    "Fikk du brød og smør på båten",
]


@pytest.mark.parametrize("text", WEST)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_latin_1_is_recognised_and_said(tmp_path, text, encoding):
    path = written(tmp_path, f"# text = {text}\n{rows_of(text)}".encode(encoding))
    (one,) = read_treebank(path)
    assert one.text == text and one.words == tuple(text.split())
    told = not_utf8_file(path)
    assert "bank.conllu" in told and "Latin-1" in told
    path.write_text(f"# text = {text}\n{rows_of(text)}", encoding="utf-8")
    assert not_utf8_file(path) is None and next(read_treebank(path)).text == text


OTHER = {
    "koi8-r": "Мальчик ел мороженое на улице",
    "cp1251": "Мальчик ел мороженое на улице",
    "gbk": "我 喜欢 喝 绿茶",
    "shift-jis": "私 は 日本語 を 勉強 する",
    "iso8859-2": "Żółw gryzł trawę wśród łąk",
    "cp1250": "Żółw gryzł trawę wśród łąk",
    "cp1253": "Το παιδί έφαγε παγωτό",
    "mac-roman": "Le garçon a mangé la crème brûlée à Noël",
}


@pytest.mark.parametrize("encoding", OTHER)
def test_other_encodings_are_not_taken_for_it(tmp_path, encoding):
    path = written(tmp_path, (rows_of(OTHER[encoding]) * 3).encode(encoding))
    assert not_utf8_file(path) is None
    said = no_sentence("x", list(read_treebank(path)))
    assert "not UTF-8" in said and numbers(said)[-3:-1] == [3, 3]


def test_a_file_of_two_encodings_is_read_as_utf_8(tmp_path):
    path = written(tmp_path, rows_of(WEST[0]).encode() + rows_of(WEST[1]).encode("latin-1") + GOOD.encode())
    first, out, last = read_treebank(path)
    assert first.words[1] == "garçon" and "not UTF-8" in out.reason and last.text == "Herons don't wait."


def broken(rng):
    """A good file with one to four things done to it that people and programs do."""
    data = bytearray((GOOD * 3).encode())
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data))
        end = min(len(data), at + rng.randint(1, 40))
        how = rng.randrange(7)
        if how == 0:
            del data[at:end]
        elif how == 1:
            data[at:at] = data[max(0, at - 30) : at]
        elif how == 2:
            data[at] = rng.randrange(256)
        elif how == 3:
            data[at:at] = rng.choice([b"\t", b"\n", b"\r", b" ", b"\x00", b"1-2\t", b"9.9\t", b"# text =", b"\xff"])
        elif how == 4:
            data = bytearray(bytes(data).replace(b"\t", rng.choice([b" ", b"  ", b"\t\t", b","]), rng.randint(1, 60)))
        elif how == 5:
            data = data[:at]
        else:
            data = bytearray(b"# global.columns = ID FORM HEAD DEPREL\n") + data
        data = data or bytearray(b"x")
    return bytes(data)


def test_broken_files(tmp_path):
    """Each is read, or refused by a sentence; what is read has a tree and spans within its text."""
    rng, kinds = random.Random(0), {ParsedSentence: 0, LeftOut: 0, UserError: 0}
    for _ in range(300):
        path = written(tmp_path, broken(rng))
        try:
            found = list(read_treebank(path))
        except UserError as error:
            kinds[UserError] += 1
            assert str(error).endswith(".")
            continue
        for one in found:
            kinds[type(one)] += 1
            if isinstance(one, ParsedSentence):
                assert len(one.spans) == len(one.words) and list(one.spans) == sorted(one.spans)
                assert all(0 <= a < b <= len(one.text) for a, b in one.spans)
        left_out = [one for one in found if isinstance(one, LeftOut)]
        if len(left_out) == len(found):
            assert no_sentence("x", left_out).endswith(".")
    assert kinds[ParsedSentence] > 100 and kinds[LeftOut] > 100
