"""Two Heads: what does this attention head do, and how do you know?

The same engine as the page and the command line, from Python:

>>> from dashboard import attention, draw, open_model, save, scores
>>> model = open_model("minilm")
>>> view = attention(model, "The chef says ramen is her favourite food.", "L2H0", unit="words")
>>> view.weights.shape
(11, 11)
>>> table = scores(model, view.text)            # a row per head, a column per score
>>> save(draw(view, "heatmap"), "L2H0.svg")     # .png .svg .pdf .html .json

Names are fetched on first use, so that `import dashboard` costs nothing.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.2.0"

_HOMES = {
    "AttentionModel": "dashboard.capture",
    "HeadId": "dashboard.heads",
    "HeadView": "dashboard.heads",
    "Pattern": "dashboard.search",
    "UserError": "dashboard.errors",
    "ablate": "dashboard.effects",
    "ablate_in": "dashboard.effects",
    "attention": "dashboard.api",
    "draw": "dashboard.api",
    "draw_atlas": "dashboard.api",
    "draw_inside": "dashboard.anatomy",
    "draw_effects": "dashboard.without",
    "draw_figure": "dashboard.evidence",
    "draw_flow": "dashboard.depth",
    "draw_found": "dashboard.search",
    "draw_longrange": "dashboard.depth",
    "draw_clusters": "dashboard.relations",
    "draw_map": "dashboard.relations",
    "draw_query_keys": "dashboard.querykeys",
    "draw_recall": "dashboard.lessons",
    "draw_sharpness": "dashboard.lessons",
    "draw_standing": "dashboard.without",
    "draw_together": "dashboard.together",
    "draw_without": "dashboard.without",
    "draw_toy": "dashboard.lessons",
    "draw_landscape": "dashboard.evidence",
    "draw_spending": "dashboard.evidence",
    "draw_twice": "dashboard.evidence",
    "shelf": "dashboard.corpus",
    "read_profile": "dashboard.corpus",
    "compare_profiles": "dashboard.corpus",
    "aligned_table": "dashboard.comparing",
    "changed_heads": "dashboard.changing",
    "compare_models": "dashboard.comparing",
    "compare_texts": "dashboard.comparing",
    "comparison_table": "dashboard.comparing",
    "draw_aligned": "dashboard.comparing",
    "draw_alike": "dashboard.comparing",
    "draw_changes": "dashboard.changing",
    "contributions": "dashboard.influence",
    "builtin_corpus": "dashboard.corpus",
    "distances_between": "dashboard.relations",
    "find_heads": "dashboard.search",
    "find_heads_in": "dashboard.search",
    "flow": "dashboard.depth",
    "heads_like": "dashboard.relations",
    "heads_like_elsewhere": "dashboard.relations",
    "head_effects": "dashboard.without",
    "longrange": "dashboard.depth",
    "look_inside": "dashboard.anatomy",
    "map_heads": "dashboard.relations",
    "open_model": "dashboard.capture",
    "profile": "dashboard.corpus",
    "query_key_table": "dashboard.querykeys",
    "query_keys": "dashboard.querykeys",
    "recall": "dashboard.lessons",
    "recall_table": "dashboard.lessons",
    "rollout": "dashboard.influence",
    "save": "dashboard.api",
    "scores": "dashboard.api",
    "together_and_alone": "dashboard.together",
    "toy_example": "dashboard.lessons",
    "toy_table": "dashboard.lessons",
    "verify": "dashboard.anatomy",
    "copying": "dashboard.writing",
    "draw_writes": "dashboard.writing",
    "head_writes": "dashboard.writing",
    "logit_parts": "dashboard.writing",
    "without_head": "dashboard.without",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dashboard' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
