"""Relations of a parse in plain words, in the labels of Universal Dependencies and of spaCy's English models."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "acl": ("clause", "noun"),
    "acomp": ("predicate", "verb"),
    "advcl": ("adverbial clause", "verb"),
    "advmod": ("adverb", "modified word"),
    "agent": ("agent", "passive verb"),
    "amod": ("adjective", "noun"),
    "appos": ("apposition", "noun"),
    "attr": ("predicate", "verb"),
    "aux": ("auxiliary", "verb"),
    "auxpass": ("auxiliary", "passive verb"),
    "case": ("preposition", "noun"),
    "cc": ("conjunction", "joined word"),
    "ccomp": ("clause", "verb"),
    "compound": ("compound part", "noun"),
    "conj": ("joined word", "first joined word"),
    "cop": ("copula", "predicate"),
    "csubj": ("subject clause", "verb"),
    "dative": ("indirect object", "verb"),
    "dep": ("dependent", "word"),
    "det": ("determiner", "noun"),
    "discourse": ("interjection", "main word"),
    "dislocated": ("dislocated phrase", "verb"),
    "dobj": ("object", "verb"),
    "expl": ("expletive", "verb"),
    "fixed": ("later word", "first word of a fixed phrase"),
    "flat": ("later name", "first name"),
    "goeswith": ("rest", "beginning of a split word"),
    "intj": ("interjection", "main word"),
    "iobj": ("indirect object", "verb"),
    "list": ("later item", "first item"),
    "mark": ("subordinator", "verb"),
    "meta": ("remark", "main word"),
    "neg": ("negation", "verb"),
    "nmod": ("noun modifier", "noun"),
    "npadvmod": ("noun phrase", "modified word"),
    "nsubj": ("subject", "verb"),
    "nsubjpass": ("subject", "passive verb"),
    "nummod": ("number", "noun"),
    "obj": ("object", "verb"),
    "obl": ("adverbial phrase", "verb"),
    "oprd": ("predicate", "verb"),
    "orphan": ("left-over word", "main word"),
    "parataxis": ("side clause", "main clause"),
    "pcomp": ("clause", "preposition"),
    "pobj": ("noun", "preposition"),
    "poss": ("possessor", "noun"),
    "preconj": ("first conjunction", "joined word"),
    "predet": ("first determiner", "noun"),
    "prep": ("preposition", "modified word"),
    "prt": ("particle", "verb"),
    "quantmod": ("modifier", "number"),
    "relcl": ("relative clause", "noun"),
    "reparandum": ("slip", "correction"),
    "vocative": ("person addressed", "verb"),
    "xcomp": ("open clause", "verb"),
}
"""Label → what the dependent is, and what its syntactic head is."""


def in_words(relation: str) -> str:
    """``subject (nsubj)``; a label that is not known stays as it is. A subtype keeps its label: ``subject
    (nsubj:pass)``."""
    known = WORDS.get(relation.partition(":")[0])
    return f"{known[0]} ({relation})" if known else relation


def looked_at(relation: str, direction: str) -> str:
    """What a head that follows this relation looks at, of whose: ``verb of the object``, ``subject of the verb``.

    direction: "dependent->head" or "head->dependent"
    """
    known = WORDS.get(relation.partition(":")[0])
    dependent, head = known or (f"{relation} dependent", f"{relation} head")
    seen, looks = (head, dependent) if direction == "dependent->head" else (dependent, head)
    return f"{seen} of the {looks}"
