"""`make maps`: the maps of heads that come with the dashboard, made again."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from dashboard.capture import open_model
from dashboard.errors import UserError
from dashboard.headmaps import Asked, keep_map, shipped_file
from dashboard.models import CATALOGUE
from dashboard.relations import map_heads


def main(models: Sequence[str] = ()) -> int:
    try:
        for name in models or list(CATALOGUE):
            model = open_model(name, fetch_missing=True)
            begun = time.perf_counter()
            found = map_heads(model)
            file = keep_map(found, Asked.of(model), shipped_file(name))
            took = time.perf_counter() - begun
            print(f"{file.name}: {len(found.table)} heads, {took:.0f} s, {file.stat().st_size / 1e3:.0f} kB")
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
