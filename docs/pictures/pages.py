"""Draws the pictures of the pages in the documentation. From the root of the repository:

    PYTHONPATH=. python docs/pictures/pages.py [FOLDER]

Debian's chromium and pngquant are needed. The reports are our own (eval/groups.jsonl), judged by
the shipped rules; the outlets do not exist.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from monitor.core.models import Story
from monitor.service.checking import read_settings
from monitor.service.wiring import Service
from tests.servers import embedded_store, short_folder
from tests.web import world
from tests.web.pages import shown

_HERE = Path(__file__).parent


def draw(service: Service, port: int, target: Path) -> None:
    """Each picture: its name, its address, its size, and whether it is dark."""
    stored = service.store.stories(datetime(2000, 1, 1, tzinfo=UTC))
    story = max(stored, key=lambda one: _reach(service, one.story)).story.id
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--hide-scrollbars"]
        )
        for name, path, width, height, scheme in (
            ("web-stories", "/stories", 1200, 800, "light"),
            ("web-story", f"/stories/{story}", 1200, 800, "dark"),
            ("web-overview-phone", "/", 360, 780, "light"),
        ):
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                device_scale_factor=2 if width < 500 else 1,
            )
            page.goto(f"http://127.0.0.1:{port}{path}")
            _save(page, target / f"{name}.png")
            page.close()
        browser.close()


def _reach(service: Service, story: Story) -> tuple[int, int]:
    """How many languages tell its event, and how long its own text is."""
    found = service.store.recall((), (story.event,))[1].get(story.event)
    languages = {one.language for one in found.carriers} if found else set()
    return len(languages), len(story.summary)


def _save(page: Page, path: Path) -> None:
    """With no more colours than are seen."""
    with tempfile.TemporaryDirectory(prefix="monitor-pictures-") as folder:
        drawn = f"{folder}/page.png"
        page.screenshot(path=drawn)
        command = ("pngquant", "--force", "--strip", "--output", str(path), "128", "--", drawn)
        subprocess.run(command, check=True, timeout=60)  # noqa: S603


def main(target: Path) -> None:
    """Fill a store, show its pages, draw them."""
    with short_folder() as folder, embedded_store(folder / "store") as url:
        service = Service(read_settings(str(world.config(folder, url, hostile=False))))
        world.fill(service.store, service.policy, datetime.now(UTC), hostile=False)
        with shown(service) as port:
            draw(service, port, target)
        service.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else _HERE)
