"""The terms for what a model is made of and what it reads."""

from __future__ import annotations

from dashboard.analyses.glossary.term import Term

OF_MODELS = (
    Term(
        "attention sink",
        "A token that gets much attention and hands over little: often [CLS], [SEP], punctuation or the first token. A "
        "head that gives most of its attention to such tokens is called an attention sink too.",
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
        "causal",
        "A causal model lets a token see only itself and the tokens before it. So it can predict the next token.",
        "toy",
        ("causal mask", "mask", "decoder"),
    ),
    Term(
        "contextual embedding",
        "The vector of a token after some layers. It says what the token means here; the embedding it starts from is "
        "the same in every text.",
        "layers",
        ("embedding", "vector"),
    ),
    Term(
        "encoder",
        "A model in which every token sees the whole text, like MiniLM. It makes vectors; it does not predict the next "
        "token.",
        "models",
        ("BERT",),
    ),
    Term(
        "feed-forward network",
        "The second half of a layer, after attention: a small network that works on each token alone.",
        "layers",
        ("feed-forward", "feed-forward layer", "MLP"),
    ),
    Term(
        "head",
        "One of several attentions in a layer, with its own queries, keys and values. L2H9 is head 9 of layer 2, both "
        "counted from 0.",
        "explore",
        ("attention head", "L2H9"),
    ),
    Term(
        "induction",
        "Continuing a repetition: the head looks at what came after the same token the last time. So it helps to "
        "predict that the same comes again.",
        "explore",
        ("induction head",),
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
        "logit",
        "The score of a token before softmax makes it a probability. The token with the highest logit is the "
        "prediction.",
        "inside",
        ("prediction",),
    ),
    Term(
        "output projection",
        "The matrix W_O. The results of all heads stand next to each other, and it mixes them into the layer's output.",
        "inside",
        ("W_O", "concatenation", "projection"),
    ),
    Term(
        "parse",
        "The grammar of a sentence as a tree: each word but the root depends on another, its head word, by a relation. "
        "A head word is no attention head.",
        "profile",
        ("relation", "head word", "dependent", "dependency", "nsubj", "subject", "part of speech"),
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
        "rotary position",
        "How many models tell a head where a token stands: each query and key is turned by an angle that grows with "
        "its position (RoPE).",
        "inside",
        ("RoPE", "turned by position", "position embedding"),
    ),
    Term(
        "scaled dot product",
        "The score of a query and a key: their dot product divided by √d, with d dimensions. Without √d, softmax would "
        "give nearly all to one key.",
        "toy",
        ("score", "√d", "dot product"),
    ),
    Term(
        "softmax",
        "Turns a row of scores into weights that sum to 100 %: e to the power of each score, divided by their sum.",
        "inside",
    ),
    Term(
        "special token",
        "A token that the model adds itself, like [CLS] and [SEP]. Many heads give most of their attention to it.",
        "explore",
        ("[CLS]", "[SEP]"),
    ),
    Term(
        "start token",
        "A special token put before the text of a causal model. It keeps the first word from being an attention sink.",
        "explore",
        ("beginning-of-sequence token", "BOS"),
    ),
    Term(
        "token",
        "What a model reads: a word, a part of a word or a sign. Rare words are several tokens. In a token, · stands "
        "for a space and ¶ for a line break.",
        "explore",
        ("subword", "tokenizer", "word piece"),
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
        "untrained twin",
        "The same architecture with random weights, as before training. What it shows too does not come from training.",
        "explore",
        ("twin",),
    ),
    Term(
        "value",
        "What a token hands over: a vector. A head's result is the sum of all values, each times its weight.",
        "inside",
        ("V",),
    ),
)
