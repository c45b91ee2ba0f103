"""`make needs`: what each head's models keep of its effect, as it comes with the dashboard, made again.

A run that was stopped goes on where it was.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from dashboard.analyses.profile.needs_job import MEASUREMENT, Request
from dashboard.capture import open_model
from dashboard.errors import UserError
from tools.effects import SHIPPED, show_progress


def main(models: Sequence[str] = ()) -> int:
    try:
        for name in models or SHIPPED:
            model = open_model(name, fetch_missing=True, progress=show_progress)
            begun, processor, request = time.perf_counter(), time.process_time(), Request.of(model)
            found = MEASUREMENT.measure(request, model, progress=show_progress)
            file = MEASUREMENT.keep(found, request, MEASUREMENT.shipped_file(request))
            took, spent = time.perf_counter() - begun, time.process_time() - processor
            size = file.stat().st_size / 1e3
            print(f"{file.name}: {len(found.table)} heads, {took:.0f} s ({spent:.0f} s of processor), {size:.0f} kB")
    except UserError as sentence:
        print(sentence, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
