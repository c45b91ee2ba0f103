"""The models one can pick: the catalogue, finding them on this machine, fetching, loading.

Nothing about attention. Importing this package imports neither torch nor transformers; calling `load` does.
"""

from dashboard.files import cache_dir
from dashboard.models.catalogue import CATALOGUE, ModelCard, is_installed, listing, offered, title_of
from dashboard.models.fetch import fetch
from dashboard.models.load import Loaded, load
from dashboard.models.resolve import ModelSource, NotInstalled, find

__all__ = [
    "CATALOGUE",
    "Loaded",
    "ModelCard",
    "ModelSource",
    "NotInstalled",
    "cache_dir",
    "fetch",
    "find",
    "is_installed",
    "listing",
    "load",
    "offered",
    "title_of",
]
