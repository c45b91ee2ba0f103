"""Twelve sentences in which inserted clauses separate a verb from its subject, written for this measurement.

Every clause depends on the one before it, so each sentence is correct English at each of six distances: the verb is the
1st, 4th, 8th, 14th, 21st or 30th word after its subject. The inserted clauses have nouns of the other grammatical
number, so the nearest noun is often the wrong one. Each text begins with another sentence, so that the subject is not
its first word.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.analyses.long_range.trial import Trial

DISTANCES = (1, 4, 8, 14, 21, 30)  # words from the subject to its verb


@dataclass(frozen=True)
class Sentence:
    """The text before the subject, the subject, the five clauses to insert, the verb, and the rest."""

    lead: str
    subject: str
    inserts: tuple[str, str, str, str, str]
    verb: str
    rest: str


SENTENCES = (
    Sentence(
        "Everyone on the street has heard about it. The",
        "key",
        (
            "to the cabinet",
            "in the narrow hallway",
            "that leads past two locked rooms",
            "where my uncles kept their old maps",
            "of the islands that they had visited as sailors",
        ),
        "opens",
        "the front door as well.",
    ),
    Sentence(
        "I asked about the concert again this morning. The",
        "musicians",
        (
            "from the north",
            "with the silver trumpet",
            "that belonged to a famous teacher",
            "who once lived above the village bakery",
            "and who gave free lessons to every curious child",
        ),
        "play",
        "for us on Sunday.",
    ),
    Sentence(
        "The news from the harbour is good today. The",
        "boats",
        (
            "near the lighthouse",
            "on the rocky coast",
            "that the storm damaged last winter",
            "when the waves rose above the wall",
            "which a young engineer had built for the town",
        ),
        "leave",
        "at dawn with the tide.",
    ),
    Sentence(
        "Our neighbours talk about little else these days. The",
        "dog",
        (
            "of the twins",
            "from the top floor",
            "who moved here from the mountains",
            "after their parents had sold the farms",
            "that three generations of the family had worked on",
        ),
        "barks",
        "at every passing bicycle.",
    ),
    Sentence(
        "There is one thing the visitors always notice. The",
        "paintings",
        (
            "in the library",
            "behind the old palace",
            "where the queen signed the treaty",
            "that ended the war between both kingdoms",
            "and brought the merchants back to the empty market",
        ),
        "show",
        "scenes of daily life.",
    ),
    Sentence(
        "My sister explained the rules to us twice. The",
        "player",
        (
            "with the cards",
            "from the red box",
            "that our grandparents brought from Lisbon",
            "when they travelled there by slow trains",
            "during the summer before my older cousins were born",
        ),
        "starts",
        "the next round.",
    ),
    Sentence(
        "The reporters wrote down what the guard said. The",
        "letters",
        (
            "from the prisoner",
            "in the last cell",
            "that the inspector opened by mistake",
            "while he searched for a missing photograph",
            "of the bridge that had collapsed in the spring",
        ),
        "contain",
        "no secrets at all.",
    ),
    Sentence(
        "Nobody at the school was surprised by this. The",
        "teacher",
        (
            "of the students",
            "in the first row",
            "who won prizes for their drawings",
            "of the animals that live in caves",
            "beneath the hills where their fathers used to hunt",
        ),
        "smiles",
        "and closes the book.",
    ),
    Sentence(
        "The recipe on the wall is very clear. The",
        "onions",
        (
            "for the soup",
            "on the middle shelf",
            "that the cook bought on Monday",
            "from a farmer with a green truck",
            "who drives to the city before the sun rises",
        ),
        "need",
        "an hour in the oven.",
    ),
    Sentence(
        "The engineers have studied the problem for weeks. The",
        "machine",
        (
            "beside the windows",
            "of the upper workshop",
            "where the apprentices repair broken clocks",
            "that travellers have left at railway stations",
            "in the towns along the river and the coast",
        ),
        "makes",
        "a strange noise at night.",
    ),
    Sentence(
        "A letter from the village arrived this week. The",
        "farmers",
        (
            "in the valley",
            "below the frozen lake",
            "that a glacier formed long ago",
            "when the whole country lay under ice",
            "and no bird sang on the silent grey plain",
        ),
        "expect",
        "a rich harvest this year.",
    ),
    Sentence(
        "The doctor repeated it slowly to the family. The",
        "child",
        (
            "with the scars",
            "on both small hands",
            "that the splinters left last autumn",
            "when several jars fell from a ladder",
            "that two painters had forgotten in the dark stairway",
        ),
        "sleeps",
        "through the night again.",
    ),
)


def agreement() -> tuple[tuple[Trial, ...], ...]:
    """All sentences at all distances: a row per sentence, in each a trial per distance of `DISTANCES`.

    The query word is the verb, the key word is its subject.
    """
    return tuple(
        tuple(_trial(sentence, inserted) for inserted in range(len(sentence.inserts) + 1)) for sentence in SENTENCES
    )


def _trial(sentence: Sentence, inserted: int) -> Trial:
    before = f"{sentence.lead} "
    between = " ".join([sentence.subject, *sentence.inserts[:inserted]]) + " "
    text = f"{before}{between}{sentence.verb} {sentence.rest}"
    return Trial(text, looks=len(before) + len(between), seen=len(before))
