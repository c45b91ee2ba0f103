"""Sixty short nouns, the vocabulary of models whose words mean nothing to them."""

_NOUNS = (
    "river stone lamp apple chair cloud horse bread glass paper tower field music table ocean plant spoon"
    " brick candle garden mirror pepper saddle ticket anchor basket copper desert engine forest ginger hammer"
    " island jacket kettle ladder magnet needle orange pillow rabbit silver temple velvet window button carpet"
    " dragon feather guitar harbor jungle lemon market onion pencil rocket shadow tunnel wallet"
)
WORDS = tuple(_NOUNS.split())
