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
    "HeadId": "dashboard.heads.view",
    "HeadView": "dashboard.heads.view",
    "Pattern": "dashboard.analyses.find_heads.api",
    "UserError": "dashboard.errors",
    "ablate": "dashboard.analyses.ablation.api",
    "ablate_in": "dashboard.analyses.ablation.api",
    "attention": "dashboard.analyses.explore.api",
    "draw": "dashboard.analyses.explore.api",
    "draw_atlas": "dashboard.analyses.scores.api",
    "draw_inside": "dashboard.analyses.inside.api",
    "draw_effects": "dashboard.analyses.ablation.draw",
    "draw_figure": "dashboard.analyses.profile.api",
    "draw_flow": "dashboard.analyses.layers.api",
    "draw_found": "dashboard.analyses.find_heads.api",
    "draw_longrange": "dashboard.analyses.long_range.api",
    "draw_clusters": "dashboard.analyses.similarity.api",
    "draw_map": "dashboard.analyses.similarity.api",
    "draw_query_keys": "dashboard.analyses.query_key.api",
    "draw_recall": "dashboard.analyses.recall.api",
    "draw_sharpness": "dashboard.analyses.toy.api",
    "draw_standing": "dashboard.analyses.ablation.draw",
    "draw_together": "dashboard.analyses.ablation.draw_joint",
    "draw_without": "dashboard.analyses.ablation.draw",
    "draw_toy": "dashboard.analyses.toy.api",
    "draw_landscape": "dashboard.analyses.profile.api",
    "draw_spending": "dashboard.analyses.profile.api",
    "draw_twice": "dashboard.analyses.profile.api",
    "shelf": "dashboard.analyses.profile.shelf",
    "read_profile": "dashboard.analyses.profile.shelf",
    "compare_profiles": "dashboard.analyses.profile.shelf",
    "aligned_table": "dashboard.analyses.compare.api",
    "changed_heads": "dashboard.analyses.compare.changed_heads",
    "compare_models": "dashboard.analyses.compare.api",
    "compare_texts": "dashboard.analyses.compare.api",
    "comparison_table": "dashboard.analyses.compare.api",
    "draw_aligned": "dashboard.analyses.compare.api",
    "draw_alike": "dashboard.analyses.compare.api",
    "draw_changes": "dashboard.analyses.compare.changed_heads",
    "contributions": "dashboard.analyses.contribution.api",
    "builtin_corpus": "dashboard.corpus.builtin",
    "distances_between": "dashboard.analyses.similarity.api",
    "find_heads": "dashboard.analyses.find_heads.api",
    "find_heads_in": "dashboard.analyses.find_heads.api",
    "flow": "dashboard.analyses.layers.api",
    "heads_like": "dashboard.analyses.similarity.api",
    "heads_like_elsewhere": "dashboard.analyses.similarity.api",
    "head_effects": "dashboard.analyses.ablation.draw",
    "longrange": "dashboard.analyses.long_range.api",
    "look_inside": "dashboard.analyses.inside.api",
    "map_heads": "dashboard.analyses.similarity.api",
    "open_model": "dashboard.capture",
    "overview": "dashboard.analyses.scores.api",
    "profile": "dashboard.analyses.profile.run",
    "query_key_table": "dashboard.analyses.query_key.api",
    "query_keys": "dashboard.analyses.query_key.api",
    "recall": "dashboard.analyses.recall.api",
    "recall_table": "dashboard.analyses.recall.api",
    "rollout": "dashboard.analyses.contribution.api",
    "save": "dashboard.export.save",
    "scores": "dashboard.analyses.scores.api",
    "together_and_alone": "dashboard.analyses.ablation.draw_joint",
    "toy_example": "dashboard.analyses.toy.api",
    "toy_table": "dashboard.analyses.toy.api",
    "verify": "dashboard.analyses.inside.api",
    "copying": "dashboard.analyses.logit_attribution.api",
    "draw_writes": "dashboard.analyses.logit_attribution.api",
    "head_writes": "dashboard.analyses.logit_attribution.api",
    "logit_parts": "dashboard.analyses.logit_attribution.api",
    "without_head": "dashboard.analyses.ablation.draw",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str):
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'dashboard' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
