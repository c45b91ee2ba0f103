"""`python -m tools.sentences`: parse the project's own sentences, so that nobody who profiles a model has to."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from conllu.models import Token, TokenList

from dashboard.corpus.builtin import builtin_corpus
from dashboard.text import ParsedSentence, parse
from dashboard.text.sentence import ROOT


def registers(text: str) -> Iterator[tuple[str, str]]:
    """The sentences of the text file in order, each with its register (``# news``)."""
    register = ""
    for line in text.splitlines():
        if line.startswith("#"):
            register = line.lstrip("# ")
        elif line.strip():
            yield register, line.strip()


def parsed(line: str) -> ParsedSentence:
    """The sentence of a line. Raises ValueError if the parser sees several in it: then reword it."""
    found = parse(line)
    if len(found) != 1:
        raise ValueError(f"The parser divides {[one.text for one in found]}.")
    return found[0]


def block(sentence: ParsedSentence, metadata: dict[str, str]) -> str:
    """The sentence in CoNLL-U, with its comments and the blank line that ends it."""
    words = []
    for place, (start, end) in enumerate(sentence.spans):
        glued = end < len(sentence.text) and not sentence.text[end].isspace()
        head = sentence.heads[place]
        words.append(
            Token(
                id=place + 1,
                form=sentence.text[start:end],
                lemma=sentence.lemmas[place],
                upos=sentence.upos[place],
                xpos=None,
                feats=None,
                head=0 if head == ROOT else head + 1,
                deprel=sentence.relations[place],
                deps=None,
                misc={"SpaceAfter": "No"} if glued else None,
            )
        )
    return TokenList(words, metadata=metadata).serialize()


def treebank(text: str) -> str:
    """The text file in CoNLL-U; each register is a document, and sentence ids are register and number."""
    blocks, last, number = [], "", 0
    for register, line in registers(text):
        number = number + 1 if register == last else 1
        document = {} if register == last else {"newdoc id": register}
        last = register
        blocks.append(block(parsed(line), document | {"sent_id": f"{register}-{number:02d}", "text": line}))
    return "".join(blocks)


def main() -> None:
    target = builtin_corpus()
    try:
        found = treebank(target.with_suffix(".txt").read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(str(error))
    target.write_text(found, encoding="utf-8", newline="\n")
    print(f"Wrote {target.name}: {found.count('# text =')} sentences.")


if __name__ == "__main__":
    main()
