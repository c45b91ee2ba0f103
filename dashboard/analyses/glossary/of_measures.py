"""The terms for what is measured, and how."""

from __future__ import annotations

from dashboard.analyses.glossary.term import Term

OF_MEASURES = (
    Term(
        "ablation",
        "Taking a head away and looking at what changes. Its output is set to 0, or replaced by its average.",
        "ablation",
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
        "A unit of information. In a profile: how much better you can predict attention from position, parse or "
        "meaning. Elsewhere: how spread out a row is (entropy), how far two heads differ (head map).",
        "profile",
        ("bits explained", "bits per word"),
    ),
    Term(
        "context bits",
        "Bits of a head's attention that are explained by the meaning of the words, beyond position and parse. A head "
        "with many links words on the same topic.",
        "profile",
        ("context", "context head"),
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
        "How many tokens a key is away from its query: 1 for a neighbour. The distance of a head is the mean over its "
        "attention.",
        "explore",
    ),
    Term(
        "distractor",
        "A symbol of a memory task that is there to be forgotten: the more of them, the farther back the first symbol.",
        "recall",
    ),
    Term(
        "divergence",
        "How different two heads' weights are, from 0 (the same) to 1 (nothing in common). It is the Jensen–Shannon "
        "divergence, base 2.",
        "compare",
        ("Jensen–Shannon", "JS"),
    ),
    Term(
        "entropy",
        "How spread out a row of weights is, in bits: 0 when all goes to one key, log₂ n for an even spread over "
        "n keys.",
        "explore",
        ("spread",),
    ),
    Term(
        "gradient",
        "How much a result would change with a small change of an input or a weight. Learning follows it, and it says "
        "what an answer depends on.",
        "attribution",
        ("gradient × input", "integrated gradients"),
    ),
    Term(
        "held out",
        "Scored on sentences that were not used to choose. On the same sentences, the best of many looks better than "
        "it is.",
        "profile",
        ("in-sample", "cross-fitted"),
    ),
    Term(
        "interval",
        "A range for the true figure. Of 100 such ranges, from other sentences or seeds, about 95 contain it. A wide "
        "one means that the figure is uncertain.",
        "profile",
        ("95 % interval", "confidence interval", "bootstrap"),
    ),
    Term(
        "lift",
        "A share minus its baseline: attention along your pairs minus attention at the same distances elsewhere. Above "
        "0 the head prefers them.",
        "find_heads",
    ),
    Term(
        "loss",
        "How surprised the model is by the token that really comes: −ln of its probability, in nats. Lower is better.",
        "ablation",
        ("surprise",),
    ),
    Term(
        "nat",
        "The unit of loss: −ln of a probability. One nat more makes a token e ≈ 2.7 times less probable. 1 nat = 1.44 "
        "bits.",
        "ablation",
        ("nats",),
    ),
    Term(
        "position bits",
        "Bits of a head's attention that are explained by the distance alone. A head that always looks at the previous "
        "word has many.",
        "profile",
        ("position", "offset"),
    ),
    Term(
        "profile",
        "What all heads of a model do over a corpus: where their attention goes, which relations they find, and their "
        "bits of position, syntax and context.",
        "corpus",
        ("corpus", "treebank"),
    ),
    Term(
        "rollout",
        "Attention through several layers, multiplied: from which tokens the vector of a token may come in the end.",
        "layers",
        ("attention rollout",),
    ),
    Term(
        "seed",
        "The number that random numbers start from. The same seed gives the same run; several seeds show how much "
        "chance matters.",
        "recall",
    ),
    Term(
        "shift",
        "How far a change moves the last vector of a token: 1 − cosine, from 0 (not at all) to 2 (the opposite way). "
        "For models that predict no words.",
        "ablation",
    ),
    Term(
        "Spearman's ρ",
        "Whether two orders agree, from −1 (opposite) over 0 (no relation) to 1 (the same order).",
        "profile",
        ("rank correlation", "rank agreement", "ρ"),
    ),
    Term(
        "q-value",
        "How likely luck alone gives a head a figure as high, corrected for the number of heads. Of all heads with "
        "q ≤ 0.05, at most 5 % are expected to be there by luck.",
        "chance",
        ("q", "p-value", "Benjamini–Hochberg", "multiple comparisons"),
    ),
    Term(
        "syntax bits",
        "Bits of a head's attention that are explained by the parse, beyond position and meaning. A head with many "
        "links a verb to its subject, for example.",
        "profile",
        ("syntax", "syntax head"),
    ),
    Term(
        "pinned heads",
        "The heads that you keep, up to four, each with its model. They follow you from page to page.",
        "compare",
        ("tray", "pin"),
    ),
    Term(
        "value-weighted norm",
        "How much a token really hands over: the length of weight · value after the output projection. A large weight "
        "on a short value hands over little.",
        "explore",
        ("contribution", "Kobayashi"),
    ),
)
