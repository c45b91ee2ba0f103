"""One of the processes that show the pages of a server for others: `python -m dashboard.ui.server.one_process PORT
ADDRESS`, started by `dashboard.ui.server.processes`, which has put the rules into the environment."""

from __future__ import annotations

import sys

from dashboard import serving
from dashboard.installed import end_with_parent
from dashboard.ui.server import logs


def main(port: int, address: str) -> None:
    """Show the pages until the process that started this one ends."""
    end_with_parent()
    logs.without_texts()
    rules = serving.rules()
    assert rules is not None  # who starts this has set them
    from dashboard.ui.server.launch import launch

    settings = [
        f"--server.maxUploadSize={rules.upload_megabytes}",
        f"--server.baseUrlPath={rules.path}",
        "--logger.enableRich=false",  # it would print an exception with what it says
    ]
    launch(port, address, headless=True, called=rules.names, more=settings)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
