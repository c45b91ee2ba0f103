"""The terms. A new one is an entry here; a picture of it is a function in `draw`."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.analyses.glossary.term import Term

_TERMS = (
    Term(
        "ablation",
        "Taking a head away and looking at what changes. Its output is set to 0, or replaced by its average.",
        "ablation",
    ),
    Term(
        "attention sink",
        "A token that gets much attention and hands over little: often [CLS], [SEP], punctuation or the first token. A "
        "head that mostly rests on such tokens is named after them.",
        "explore",
        ("parked", "sink"),
    ),
    Term(
        "attention weight",
        "The share of its attention that a query gives to a key, from 0 to 100 %. The weights of one query sum to "
        "100 %.",
        "explore",
        ("weight", "attention"),
    ),
    Term(
        "baseline",
        "What you would get without the thing that is measured: from an even spread, a fixed distance or guessing. A "
        "figure says something only next to its baseline.",
        "find_heads",
        ("even spread",),
    ),
    Term(
        "bits",
        "The unit of information. Bits per word say how much better you can predict attention when you know the "
        "position, the parse or the meaning.",
        "profile",
    ),
    Term(
        "causal",
        "A causal model lets a token see only itself and the tokens before it. So it can predict the next token.",
        "toy",
        ("causal mask", "mask", "decoder"),
    ),
    Term(
        "context bits",
        "How many bits of a head's attention only the meaning of the words explains, beyond position and parse. Such a "
        "head links words on the same topic.",
        "profile",
        ("context", "context head"),
    ),
    Term(
        "contextual embedding",
        "The vector of a token after some layers. It says what the token means here; the embedding it starts from is "
        "the same in every text.",
        "layers",
        ("embedding", "vector"),
    ),
    Term(
        "cosine",
        "How much two vectors point the same way: 1 the same way, 0 at a right angle, −1 opposite ways.",
        "layers",
    ),
    Term(
        "direct logit attribution",
        "How much one head adds directly to the logit of a predicted token: its part of the residual stream times the "
        "unembedding.",
        "inside",
        ("DLA", "logit attribution"),
    ),
    Term(
        "distance",
        "How many tokens lie between a query and a key. The distance of a head is the mean over its attention.",
        "explore",
    ),
    Term(
        "divergence",
        "How different two heads' weights are, from 0 (the same) to 1 (nothing in common). It is the Jensen–Shannon "
        "divergence, base 2.",
        "compare",
        ("Jensen–Shannon", "JS"),
    ),
    Term(
        "encoder",
        "A model in which every token sees the whole text, like MiniLM. It makes vectors; it does not predict the next "
        "token.",
        "models",
        ("BERT",),
    ),
    Term(
        "entropy",
        "How spread out a row of weights is, in bits: 0 when all goes to one key, log₂ n for an even spread over "
        "n keys.",
        "explore",
        ("spread",),
    ),
    Term(
        "head",
        "One of several attentions in a layer, with its own queries, keys and values. L2H9 is head 9 of layer 2, both "
        "counted from 0.",
        "explore",
        ("attention head", "L2H9"),
    ),
    Term(
        "held out",
        "Scored on sentences that were not used to choose. Choosing the best of many on the same sentences flatters "
        "it.",
        "profile",
        ("in-sample", "cross-fitted"),
    ),
    Term(
        "induction",
        "Continuing a repetition: the head looks at what came after the same token the last time. So it helps to "
        "predict that the same comes again.",
        "explore",
        ("induction head",),
    ),
    Term(
        "interval",
        "A range for the true figure. Of 100 such ranges, from other sentences or seeds, about 95 contain it. A wide "
        "one means that the figure is uncertain.",
        "profile",
        ("95 % interval", "confidence interval", "bootstrap"),
    ),
    Term(
        "key",
        "What a token offers to the queries: a vector. The better it fits a query, the more weight it gets.",
        "inside",
        ("K",),
    ),
    Term(
        "layer",
        "One round of attention, then a small network for each token (feed-forward). Each layer reads what the layers "
        "before it made; its heads work side by side.",
        "layers",
    ),
    Term(
        "lift",
        "A share less its baseline: attention along your pairs minus attention at the same distances elsewhere. Above "
        "0 the head prefers them.",
        "find_heads",
    ),
    Term(
        "logit",
        "The score of a token before softmax makes it a probability. The token with the highest logit is the "
        "prediction.",
        "inside",
        ("prediction",),
    ),
    Term(
        "loss",
        "How surprised the model is by the token that really comes: −ln of its probability, in nats. Lower is better.",
        "ablation",
        ("nats", "surprise"),
    ),
    Term(
        "output projection",
        "The matrix W_O. The results of all heads stand next to each other, and it mixes them into the layer's output.",
        "inside",
        ("W_O", "concatenation", "projection"),
    ),
    Term(
        "parse",
        "The grammar of a sentence as a tree: each word has a head word, and a relation to it.",
        "profile",
        ("relation", "dependency", "nsubj", "subject", "part of speech"),
    ),
    Term(
        "position bits",
        "How many bits of a head's attention the distance alone explains. A head that always looks at the previous "
        "word has many.",
        "profile",
        ("position", "offset"),
    ),
    Term(
        "profile",
        "What all heads of a model do over a corpus: their budgets, relations, and bits of position, syntax and "
        "context.",
        "corpus",
        ("corpus", "treebank"),
    ),
    Term(
        "query",
        "What a token looks for: a vector. Its dot product with each key says how well they fit.",
        "inside",
        ("Q",),
    ),
    Term(
        "recurrent network",
        "A network that reads word by word and hands on one state (RNN, GRU, LSTM). What came early fades on the way.",
        "recall",
        ("RNN", "GRU", "LSTM"),
    ),
    Term(
        "residual stream",
        "The vector of a token on its way through the layers. Every head and every layer adds to it.",
        "layers",
    ),
    Term(
        "rollout",
        "Attention through several layers, multiplied: from which tokens the vector of a token may come in the end.",
        "layers",
        ("attention rollout",),
    ),
    Term(
        "scaled dot product",
        "The score of a query and a key: their dot product divided by √d, with d dimensions. Without √d, softmax would "
        "give nearly all to one key.",
        "toy",
        ("score", "√d", "dot product"),
    ),
    Term(
        "seed",
        "The number that random numbers start from. The same seed gives the same run; several seeds show how much "
        "chance matters.",
        "recall",
    ),
    Term(
        "softmax",
        "Turns a row of scores into weights that sum to 100 %: e to each score, divided by the sum.",
        "inside",
    ),
    Term(
        "special token",
        "A token that the model adds itself, like [CLS] and [SEP]. Many heads rest on it.",
        "explore",
        ("[CLS]", "[SEP]"),
    ),
    Term(
        "q-value",
        "How likely luck alone gives a head as much, corrected for the length of the list. Of all heads with "
        "q ≤ 0.05, at most 5 % are expected to be there by luck.",
        "chance",
        ("q", "p-value", "Benjamini–Hochberg", "multiple comparisons"),
    ),
    Term(
        "start token",
        "A special token put before the text of a causal model. It keeps the first word from being an attention sink.",
        "explore",
        ("beginning-of-sequence token", "BOS"),
    ),
    Term(
        "syntax bits",
        "How many bits of a head's attention only the parse explains, beyond position and meaning. Such a head links a "
        "verb to its subject, for example.",
        "profile",
        ("syntax", "syntax head"),
    ),
    Term(
        "token",
        "What a model reads: a word, a part of a word or a sign. Rare words are several tokens.",
        "explore",
        ("subword", "tokenizer", "word piece"),
    ),
    Term(
        "pinned heads",
        "The heads that you keep, up to four, each with its model. They follow you from page to page.",
        "compare",
        ("tray", "pin"),
    ),
    Term(
        "unembedding",
        "The last matrix of a language model: it turns the vector of a token into a logit for every token of the "
        "vocabulary.",
        "inside",
        ("language model head",),
    ),
    Term(
        "unknown token",
        "The token for characters that the tokenizer does not know, like [UNK]. The model has not read them.",
        "explore",
        ("[UNK]", "not read"),
    ),
    Term(
        "value",
        "What a token hands over: a vector. A head's result is the sum of all values, each times its weight.",
        "inside",
        ("V",),
    ),
    Term(
        "value-weighted norm",
        "How much a token really hands over: the length of weight · value after the output projection. A large weight "
        "on a short value hands over little.",
        "explore",
        ("contribution", "Kobayashi"),
    ),
)

TERMS: Mapping[str, Term] = {term.key: term for term in sorted(_TERMS, key=lambda term: term.name.lower())}
