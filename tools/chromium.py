"""Find a Chromium for the browser tests, install one where there is none, or say what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
NONE = (
    "The browser tests need Chromium and none could be found or installed. Install one (on Debian and Ubuntu: "
    "apt-get install chromium) or name one with TWO_HEADS_CHROMIUM=/path/to/chromium, then run `make test` again."
)


def find() -> str | None:
    """The path of a Chromium: $TWO_HEADS_CHROMIUM, one on the PATH, or the one that Playwright keeps."""
    named = os.environ.get("TWO_HEADS_CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> None:
    """Install Debian's package if we are root and have apt, else Playwright's build. `find` reports failures."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], **quiet)
        if find():
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])


if __name__ == "__main__":
    if not find():
        print("No Chromium here yet: installing one for the browser tests.", file=sys.stderr)
        install()
    if not find():
        sys.exit(NONE)
