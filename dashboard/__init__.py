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

import os
import warnings

import lazy_loader

# Between two steps torch's threads wait in a busy loop of milliseconds, which takes the processor from the thread they
# wait for as soon as anything else runs, a browser for example: one head at 64 tokens took up to 500 ms on two busy
# cores. Threads that sleep at once may be woken on one core and stay there. So they wait for some 10 µs, then sleep:
# as fast as before on a quiet machine, 40 ms on a busy one. Read when torch is first imported, so it stands before.
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

__version__ = "0.2.0"

_fetch, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

_EARLIER = {
    "draw_alike": "draw_closest_pairs",
    "draw_figure": "draw_profile",
    "draw_flow": "draw_residual_stream",
    "draw_landscape": "draw_scatter",
    "draw_longrange": "draw_long_range",
    "draw_spending": "draw_budget",
    "draw_standing": "draw_ranking",
    "draw_together": "draw_joint_ablation",
    "draw_twice": "draw_two_corpora",
    "draw_without": "draw_ablation",
    "draw_writes": "draw_logit_attribution",
    "flow": "residual_stream",
    "head_writes": "logit_attribution",
    "heads_like": "similar_heads",
    "heads_like_elsewhere": "similar_heads_elsewhere",
    "logit_parts": "logit_components",
    "longrange": "long_range",
    "shelf": "profile_library",
    "together_and_alone": "ablate_jointly",
    "without_head": "ablate_on_text",
}


def __getattr__(name: str) -> object:
    if name in _EARLIER:
        now = _EARLIER[name]
        message = f"dashboard.{name} is called dashboard.{now} now. The earlier name goes with version 0.3."
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        name = now
    return _fetch(name)
