"""Takes a picture of every page at four sizes, dark and light.

`python -m scripts.screenshots FOLDER` runs a hub of its own with the demonstration on `--cameras`
cameras, and ends it. Needs Playwright and a Chromium. Process: command, in a checkout.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from convergecast.errors import ConvergeCastError, Unavailable
from tests.support.browser import ARGUMENTS, chromium
from tests.support.rig import Rig, running_rig

SIZES = ((390, 844), (1366, 768), (1920, 1080), (3840, 2160))
THEMES = ("dark", "light")
SETTLE_MS = 2500  # until there are pictures, and something is found in them
PAGES = {
    "cameras": "/",
    "kiosk": "/?kiosk",
    "system": "/system",
    "settings": "/settings",
    "events": "/events",
    "faces": "/faces",
    "accounts": "/accounts",
}
OPTIONS = ("faces", "objects", "people")


def main(arguments: list[str] | None = None) -> int:
    """Take the pictures; return 1 with a sentence if that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m scripts.screenshots")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--cameras", type=int, default=6)
    given = parser.parse_args(arguments)
    given.folder.mkdir(parents=True, exist_ok=True)
    try:
        with running_rig() as rig:
            _take(rig, given.cameras, given.folder)
    except ConvergeCastError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _take(rig: Rig, cameras: int, folder: Path) -> None:
    path = chromium()
    if path is None:
        raise Unavailable("There is no Chromium: install one, or name it in CONVERGECAST_CHROMIUM.")
    for number in range(1, cameras + 1):
        rig.start_agent("--source", "demo", "--fps", "10", "--name", f"Camera {number}")
        rig.wait_online(number)
    ids = [camera["id"] for camera in rig.cameras()]
    for option in OPTIONS:
        order = {"cameras": ids, "option": option, "on": True}
        rig.request("POST", "/api/v1/cameras/options", json=order).raise_for_status()
    pages = {**PAGES, "camera": f"/camera/{ids[0]}"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for theme in THEMES:
            for width, height in SIZES:
                page = _signed_in(browser, rig, theme, width, height)
                for name, address in pages.items():
                    page.goto(rig.url + address)
                    page.wait_for_timeout(SETTLE_MS)
                    page.screenshot(path=folder / f"{name}-{width}-{theme}.png")
                page.context.close()
        browser.close()


def _signed_in(browser: Browser, rig: Rig, theme: str, width: int, height: int) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        has_touch=width < 600,
    )
    page = context.new_page()
    form: dict[str, str | float | bool] = {"token": rig.admin_token}
    page.request.post(f"{rig.url}/login", form=form)
    return page


if __name__ == "__main__":
    sys.exit(main())
