"""The public API. `__init__.py` fetches each name on first use; editors and type checkers read this file."""

from .analyses.ablation.api import (
    ablate,
    ablate_in,
)
from .analyses.ablation.draw import (
    ablate_on_text,
    draw_ablation,
    draw_effects,
    draw_ranking,
    head_effects,
)
from .analyses.ablation.draw_at_word import (
    ablate_at_word,
    draw_at_word,
)
from .analyses.ablation.draw_joint import (
    ablate_jointly,
    draw_joint_ablation,
)
from .analyses.attribution.api import (
    attribute,
)
from .analyses.attribution.draw import (
    draw_attribution,
    draw_attribution_heads,
    draw_attribution_words,
)
from .analyses.card.api import (
    make_card,
)
from .analyses.card.draw import (
    draw_layer_budgets,
    draw_relations,
    draw_sinks,
)
from .analyses.chance.api import (
    draw_luck,
    random_heads,
)
from .analyses.compare.api import (
    aligned_table,
    compare_models,
    compare_texts,
    comparison_table,
    draw_aligned,
    draw_closest_pairs,
)
from .analyses.compare.changed_heads import (
    changed_heads,
    draw_changes,
)
from .analyses.contribution.api import (
    contributions,
    rollout,
)
from .analyses.edit.api import (
    edit,
)
from .analyses.edit.draw import (
    draw_edit,
    draw_next,
)
from .analyses.explore.api import (
    attention,
    attention_together,
    draw,
)
from .analyses.explore.draw_long_text import (
    draw_long_text,
)
from .analyses.explore.own import (
    view_of,
)
from .analyses.find_heads.api import (
    Pattern,
    draw_found,
    draw_found_grid,
    find_heads,
    find_heads_in,
)
from .analyses.find_heads.find_aligners import (
    draw_aligners,
    find_aligners,
)
from .analyses.find_heads.luck import (
    luck_of_pairs,
)
from .analyses.inside.api import (
    draw_inside,
    look_inside,
    verify,
)
from .analyses.layers.api import (
    draw_residual_stream,
    residual_stream,
)
from .analyses.logit_attribution.api import (
    copying,
    draw_logit_attribution,
    draw_logit_components,
    logit_attribution,
    logit_components,
)
from .analyses.long_range.api import (
    draw_long_range,
    long_range,
)
from .analyses.patching.api import (
    patch,
    patch_path,
)
from .analyses.patching.draw import (
    draw_patch,
    draw_patch_path,
    draw_patch_set,
)
from .analyses.patching.set_api import (
    patch_set,
)
from .analyses.patching.sets import (
    pair_sets,
)
from .analyses.profile.api import (
    draw_budget,
    draw_profile,
    draw_scatter,
    draw_two_corpora,
)
from .analyses.profile.library import (
    compare_profiles,
    profile_library,
    read_profile,
)
from .analyses.profile.names import (
    head_names,
)
from .analyses.profile.needs.api import (
    draw_needs,
    needs,
)
from .analyses.profile.run import (
    profile,
)
from .analyses.profile.twin import (
    profile_with_twin,
)
from .analyses.query_key.api import (
    draw_query_keys,
    query_key_table,
    query_keys,
)
from .analyses.recall.api import (
    draw_recall,
    recall,
    recall_table,
)
from .analyses.scores.api import (
    draw_atlas,
    overview,
    scores,
)
from .analyses.similarity.api import (
    distances_between,
    draw_clusters,
    draw_map,
    map_heads,
    similar_heads,
    similar_heads_elsewhere,
)
from .analyses.start.api import (
    two_heads,
)
from .analyses.toy.api import (
    draw_sharpness,
    draw_toy,
    toy_example,
    toy_table,
)
from .analyses.writing.api import (
    chat_prompt,
    draw_alternatives,
    draw_written,
    write,
    write_tokens,
)
from .capture import (
    AttentionModel,
    of_part,
    open_model,
    untrained_twin,
    write_target,
)
from .corpus.builtin import (
    builtin_corpus,
)
from .errors import (
    UserError,
)
from .export.save import (
    save,
)
from .heads.head_id import (
    HeadId,
)
from .heads.view import (
    HeadView,
)
from .notebook.api import (
    explore,
)
from .text.stretches import (
    continued,
)

__version__: str
__all__ = [
    "AttentionModel",
    "HeadId",
    "HeadView",
    "Pattern",
    "UserError",
    "ablate",
    "ablate_at_word",
    "ablate_in",
    "ablate_jointly",
    "ablate_on_text",
    "aligned_table",
    "attention",
    "attention_together",
    "attribute",
    "builtin_corpus",
    "changed_heads",
    "chat_prompt",
    "compare_models",
    "compare_profiles",
    "compare_texts",
    "comparison_table",
    "continued",
    "contributions",
    "copying",
    "distances_between",
    "draw",
    "draw_ablation",
    "draw_aligned",
    "draw_aligners",
    "draw_alternatives",
    "draw_at_word",
    "draw_atlas",
    "draw_attribution",
    "draw_attribution_heads",
    "draw_attribution_words",
    "draw_budget",
    "draw_changes",
    "draw_closest_pairs",
    "draw_clusters",
    "draw_edit",
    "draw_effects",
    "draw_found",
    "draw_found_grid",
    "draw_inside",
    "draw_joint_ablation",
    "draw_layer_budgets",
    "draw_logit_attribution",
    "draw_logit_components",
    "draw_long_range",
    "draw_long_text",
    "draw_luck",
    "draw_map",
    "draw_needs",
    "draw_next",
    "draw_patch",
    "draw_patch_path",
    "draw_patch_set",
    "draw_profile",
    "draw_query_keys",
    "draw_ranking",
    "draw_recall",
    "draw_relations",
    "draw_residual_stream",
    "draw_scatter",
    "draw_sharpness",
    "draw_sinks",
    "draw_toy",
    "draw_two_corpora",
    "draw_written",
    "edit",
    "explore",
    "find_aligners",
    "find_heads",
    "find_heads_in",
    "head_effects",
    "head_names",
    "logit_attribution",
    "logit_components",
    "long_range",
    "look_inside",
    "luck_of_pairs",
    "make_card",
    "map_heads",
    "needs",
    "of_part",
    "open_model",
    "overview",
    "pair_sets",
    "patch",
    "patch_path",
    "patch_set",
    "profile",
    "profile_library",
    "profile_with_twin",
    "query_key_table",
    "query_keys",
    "random_heads",
    "read_profile",
    "recall",
    "recall_table",
    "residual_stream",
    "rollout",
    "save",
    "scores",
    "similar_heads",
    "similar_heads_elsewhere",
    "toy_example",
    "toy_table",
    "two_heads",
    "untrained_twin",
    "verify",
    "view_of",
    "write",
    "write_target",
    "write_tokens",
]
