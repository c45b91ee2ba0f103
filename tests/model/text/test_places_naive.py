"""METRICS §0 to §4 a second time, character by character and in loops, over sentences whose words share tokens."""

from dataclasses import replace

import numpy as np
import pytest

from dashboard.analyses.profile.budget import CHANNELS, CONTENT
from dashboard.analyses.profile.dependency import dependencies, scored_words
from dashboard.analyses.profile.dependency_cases import ALL, OFFSETS
from dashboard.analyses.profile.features import CorpusCounts, FeatureSpace
from dashboard.analyses.profile.gather import Embeddings, gather
from dashboard.capture import head_weights
from dashboard.corpus.batches import encoded
from dashboard.text import parse

TEXT = """You cannot wait here. He said "no." I'm gonna go, he said. She didn't answer (it rained).
They're here, aren't they? "We cannot stay," she whispered. I wanna sleep; you gotta work.
Prices rose by 5% (about $20). Who's there?! It's late, isn't it? He couldn't've known.
"Why not?" she asked. They waited; the heron flew off. Let's go! We shouldn't hurry (yet).
The miller's dog barked. He'd left early. You'll see "it." Nobody cannot fail; try (again).
What's done is done. I'd rather not. She's gone, hasn't she? "Stop!" he cried. They've won (twice).
That's all. We'd better run. Gimme the book, will you? He cannot say "yes" or "no." It wasn't me.
You're late! The dogs' bowls weren't full. Don't wait. I've read it (twice!)."""


def naive_places(encoding):
    """For each place its words and tokens, by counting characters one by one."""
    owner, covers = [], []
    for (start, end), special in zip(encoding.spans, encoding.special, strict=True):
        counts = [sum(w.start <= c < w.end for c in range(start, end)) * (not special) for w in encoding.split]
        covers.append(counts)
        owner.append(int(np.argmax(counts)) if any(counts) else None)
    joined = {k: {k} for k in range(len(encoding.split))}
    for word in range(len(encoding.split)):
        if word in owner:
            continue
        share = [counts[word] for counts in covers]
        assert any(share), "a lost word"
        to = owner[int(np.argmax(share))]
        together = set().union(*(joined[k] for k in range(min(word, to), max(word, to) + 1)))
        for k in together:
            joined[k] = together
    places = sorted({tuple(sorted(words)) for words in joined.values()})
    return [(words, [t for t, of in enumerate(owner) if of in words]) for words in places]


def naive_sentence(sentence, places):
    """The parse over the places, and what is not scored: relations inside places, and of their further words."""
    place_of = {word: k for k, (words, _) in enumerate(places) for word in words}
    chosen, inside, dropped = [], 0, 0
    for k, (words, _) in enumerate(places):
        out = [w for w in words if sentence.heads[w] == -1 or place_of[sentence.heads[w]] != k]
        one = next((w for w in out if sentence.bases[w] != "punct"), words[0])
        chosen.append(one)
        inside += sum(sentence.heads[w] != -1 and w not in out for w in words)
        dropped += sum(w != one and sentence.heads[w] != -1 and w in out for w in words)
    heads = [-1 if sentence.heads[w] == -1 else place_of[sentence.heads[w]] for w in chosen]
    return chosen, heads, inside, dropped


def naive_maps(model, encoding, places):
    every = list(model.all_heads)
    maps = np.stack(head_weights(model, encoding, every)).astype(float)
    found = np.zeros((len(every), len(places), len(places)))
    for i, (_, of_i) in enumerate(places):
        for j, (_, of_j) in enumerate(places):
            found[:, i, j] = maps[:, of_i][:, :, of_j].sum(2).mean(1)
    return found


def naive_channel(i, j, heads, upos):
    if i == j:
        return "self"
    if upos[j] == "PUNCT":
        return "punctuation"
    if heads[i] == j or heads[j] == i:
        return "syntax"
    if abs(i - j) == 1:
        return "neighbour"
    return "content" if upos[j] in CONTENT else "function"


@pytest.mark.parametrize("name", ["minilm", "smollm2"])
def test_a_second_way_of_computing_it(name, request):
    model = request.getfixturevalue(name)
    sentences = list(parse(TEXT))
    assert len(sentences) >= 30
    read = [encoded(model, sentence, True) for sentence in sentences]
    assert all(isinstance(one, tuple) for one in read), "no sentence is left out"
    space = FeatureSpace.of(CorpusCounts.of(on.sentence for on, _ in read))
    shared, all_right, all_offsets, statistics = 0, [], [], []
    for sentence, (on, encoding), one in zip(sentences, read, gather(model, sentences, space), strict=True):
        places = naive_places(encoding)
        assert [part for part, _ in places] == list(encoding.parts)
        shared += sum(len(part) > 1 for part, _ in places)
        chosen, heads, inside, dropped = naive_sentence(sentence, places)
        assert heads == list(on.sentence.heads) and (inside, dropped) == (on.inside, on.dropped)
        for field in ("relations", "upos", "lemmas"):
            assert [getattr(sentence, field)[w] for w in chosen] == list(getattr(on.sentence, field))

        m, words, upos = len(places), naive_maps(model, encoding, places), on.sentence.upos
        spent = np.zeros((len(words), len(CHANNELS)))
        for i in range(m):
            for j in range(m):
                spent[:, CHANNELS.index(naive_channel(i, j, heads, upos))] += words[:, i, j]
        np.testing.assert_allclose(one.budget.spent[:, 1:], spent[:, 1:], atol=1e-4)

        cases = [i for i in range(m) if heads[i] != -1 and on.sentence.bases[i] != "punct" and heads[i] != i]
        assert cases == list(scored_words(on.sentence))
        right = np.zeros((len(words), len(cases)), bool)
        for k, i in enumerate(cases):
            others = [j for j in range(m) if j != i and (j < i or not model.causal)]
            for h in range(len(words)):
                right[h, k] = bool(others) and max(others, key=lambda j: (words[h, i, j], -j)) == heads[i]
        unpacked = np.unpackbits(one.dependency.correct[0], axis=0, count=len(words)).astype(bool)
        assert (unpacked != right).sum() <= 1  # float32 may break a tie the other way
        all_right.append(unpacked)
        all_offsets += [heads[i] - i for i in cases]
        statistics.append(one.dependency)

        if m >= 4:
            vectors = Embeddings(model).words(encoding)
            dense = space.dense(space.pairs(on.sentence, vectors)).reshape(m, m, -1)
            rest = words.copy()
            rest[:, range(m), range(m)] = 0
            q = rest / np.maximum(rest.sum(2, keepdims=True), 1e-30)
            queries = range(3 if model.causal else 0, m)
            expected = sum(np.einsum("hj,jf->hf", q[:, i], dense[i]) for i in queries)
            np.testing.assert_allclose(one.explained.expected, expected, atol=3e-4)
    assert shared >= 4

    # All relations as one: one head and one offset for them all.
    right, most = np.concatenate(all_right, 1), max(OFFSETS, key=lambda offset: (all_offsets.count(offset), -offset))
    found = dependencies(statistics, model.layers, model.heads, model.causal)
    rows = found.heads[(found.heads.relation == ALL) & (found.heads.direction == "dependent->head")]
    np.testing.assert_allclose(rows.accuracy, right.mean(1))
    assert (rows.n == len(all_offsets)).all() and (rows.offset == most).all()
    assert rows.baseline.iloc[0] == pytest.approx(all_offsets.count(most) / len(all_offsets))
    assert found.best.n[0] == found.best.n[1:].sum() == len(all_offsets)


def test_a_relation_inside_a_place_is_not_scored(smollm2):
    (sentence,) = parse('He said "no."')
    on, _ = encoded(smollm2, sentence, True)
    last = len(on.sentence) - 1
    heads, relations = on.sentence.heads[:last], on.sentence.relations[:last]
    turned = replace(on.sentence, heads=(*heads, last), relations=(*relations, "dep"))
    assert last not in scored_words(turned)
