"""The corpus that comes with the dashboard: enough, various, parsed as the parser parses it."""

from collections import Counter

from dashboard.corpus.builtin import builtin_corpus
from dashboard.text import ParsedSentence, read_treebank
from tools.sentences import registers, treebank

REGISTERS = ["agreement", "clauses", "coordination", "questions", "dialogue", "names", "lists", "news", "story"]
TEXT = builtin_corpus().with_suffix(".txt").read_text(encoding="utf-8")
LINES = list(registers(TEXT))


def test_there_is_enough_in_every_register_and_nothing_twice():
    counts = Counter(register for register, _ in LINES)
    assert list(counts) == REGISTERS and min(counts.values()) >= 30 and counts.total() >= 320
    texts = [line for _, line in LINES]
    assert len({text.casefold() for text in texts}) == len(texts)
    assert all(line[-1] in '.?!"' and line == " ".join(line.split()) for line in texts)
    # No two sentences are of one mould: hardly any four words in a row come twice.
    fours = Counter(tuple(words[i : i + 4]) for words in map(str.split, texts) for i in range(len(words) - 3))
    assert max(fours.values()) <= 3


def test_every_sentence_has_a_parse():
    sentences = list(read_treebank(builtin_corpus()))
    assert all(isinstance(one, ParsedSentence) for one in sentences)
    for (_, line), one in zip(LINES, sentences, strict=True):
        assert "".join(one.words) == line.replace(" ", "")
        assert 3 <= sum(any(c.isalpha() for c in word) for word in one.words) <= 42
    lengths = [len(one) for one in sentences]
    assert min(lengths) <= 5 and max(lengths) >= 30


def test_the_parses_are_what_the_parser_says():
    whole = builtin_corpus().read_text(encoding="utf-8").split("\n\n")
    for first in range(0, len(LINES), 38 * 2):  # the first three of every other register
        register, _ = LINES[first]
        text = f"# {register}\n" + "\n".join(line for _, line in LINES[first : first + 3])
        assert treebank(text).rstrip("\n").split("\n\n") == whole[first : first + 3]
