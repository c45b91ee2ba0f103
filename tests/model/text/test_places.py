"""METRICS §0 by hand: which words and tokens make a place, for both models."""

import json
from pathlib import Path

import pytest

from dashboard.text import ParsedSentence, encode, on_places
from dashboard.text.encode_words import encode_sentence

CASES = json.loads((Path(__file__).parents[2] / "data" / "places.json").read_text(encoding="utf-8"))["cases"]


def parsed(case, spans):
    """The case's parse, its words where the case says that they stand."""
    lines = [line.split("\t") for line in case["conllu"].splitlines() if line[:1].isdigit()]
    rows = [row for row in lines if row[0].isdigit()]
    return ParsedSentence(
        0,
        1,
        tuple(row[1] for row in rows),
        tuple(int(row[6]) - 1 for row in rows),
        tuple(row[7] for row in rows),
        tuple(row[3] for row in rows),
        tuple(row[2] for row in rows),
        case["text"],
        tuple(map(tuple, spans)),
    )


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_places_by_hand(case, name, minilm, smollm2):
    model = {"minilm": minilm, "smollm2": smollm2}[name]
    wanted, tokenizer, text = case["models"][name], model.loaded.tokenizer, case["text"]
    sentence = parsed(case, wanted["words"]) if case.get("conllu") else None
    if sentence:
        encoding = encode_sentence(sentence, tokenizer, causal=model.causal)
    else:
        encoding = encode(text, tokenizer, limit=None, causal=model.causal)

    assert [[word.start, word.end] for word in encoding.split] == wanted["words"]
    spans = [list(span) if span[0] < span[1] else None for span in encoding.spans]
    assert spans == [token["span"] for token in wanted["tokens"]]
    assert list(encoding.ids) == [token["id"] for token in wanted["tokens"]]
    assert (encoding.added is not None) == wanted["bos_added"]
    axis = encoding.axis("words")
    for place, expected in enumerate(wanted["places"]):
        span = axis.spans[place]
        assert (text[slice(*span)] if span else axis.labels[place]) == expected["text"]
        assert axis.special[place] == expected["special"] and list(axis.members[place]) == expected["tokens"]
        assert expected["special"] or axis.unknown[place] == expected["unknown"]
    assert len(axis.labels) == len(wanted["places"])
    held = [[word + 1 for word in part] for part in encoding.parts]
    assert held == [place["words"] for place in wanted["places"] if not place["special"]]
    assert [word + 1 for word in encoding.lost] == wanted["lost"]
    assert [word + 1 for word in encoding.taken] == wanted["taken"]

    if sentence and not wanted["left_out"]:
        on = on_places(sentence, encoding)
        told = zip(on.sentence.heads, on.sentence.relations, on.sentence.upos, on.sentence.lemmas, strict=True)
        places = [place for place in wanted["places"] if not place["special"]]
        assert [(head + 1, *rest) for head, *rest in told] == [
            (place["head"], place["relation"], place["upos"], place["lemma"]) for place in places
        ]
        assert (on.inside, on.dropped) == (wanted["inside"], wanted["dropped"])


def words_of(model, text):
    return [word.form for word in model.encode(text).words]


def test_no_word_vanishes_from_ordinary_texts(minilm, smollm2):
    assert words_of(minilm, "You cannot wait here.") == ["You", "cannot", "wait", "here", "."]
    assert words_of(smollm2, "You cannot wait here.") == ["You", "cannot", "wait", "here", "."]
    said = 'He said "no." (She said "yes!")'
    assert words_of(smollm2, said) == ["He", "said", '"', "no", '."', "(", "She", "said", '"', "yes", '!")']
    assert words_of(minilm, said) == ["He", "said", '"', "no", ".", '"', "(", "She", "said", '"', "yes", "!", '"', ")"]
    assert words_of(minilm, "I'm gonna go, he said.") == ["I", "'m", "gonna", "go", ",", "he", "said", "."]
    family = "The 👩\u200d👩\u200d👧 family waved 🇩🇪."
    for model in (minilm, smollm2):
        assert words_of(model, family) == ["The", "👩\u200d👩\u200d👧", "family", "waved", "🇩🇪", "."]


def test_a_typed_special_token_is_spelled_as_it_is_and_hides(minilm):
    encoding = minilm.encode("Herons wait. [SEP] The miller slept [MASK].")
    axis = encoding.axis("words")
    assert [label for label, special in zip(axis.labels, axis.special, strict=True) if special] == [
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "[SEP]",
    ]
    assert [word.form for word in encoding.words] == ["Herons", "wait", ".", "The", "miller", "slept", "."]


def test_unknown_characters_are_counted(minilm):
    encoding = minilm.encode("白鹭在河边静静地等待。磨坊主睡着了。")
    assert sum(encoding.unknown) == 12 and len(encoding.words) == 12


def test_a_place_may_be_its_own_head(smollm2):
    """Two signs in one token, the first of which depends on the second: their relation is inside the place."""
    sentence = ParsedSentence(
        0,
        1,
        ("He", "said", '"', "no", ".", '"'),
        (1, -1, 5, 1, 5, 3),
        ("nsubj", "root", "punct", "ccomp", "punct", "punct"),
        ("PRON", "VERB", "PUNCT", "INTJ", "PUNCT", "PUNCT"),
        ("_",) * 6,
        'He said "no."',
        ((0, 2), (3, 7), (8, 9), (9, 11), (11, 12), (12, 13)),
    )
    on = on_places(sentence, smollm2.encode_sentence(sentence))
    assert on.sentence.words[-1] == '."' and on.sentence.heads == (1, -1, 4, 1, 4)
    assert (on.inside, on.dropped) == (1, 1)
