"""The pages in a real browser (Debian's chromium): nothing breaks out, all of it can be used."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from monitor.core.models import DeliveryState
from monitor.service.wiring import Service
from tests.web import world
from tests.web.pages import shown

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SEEN = (Path(__file__).parent / "seen.js").read_text(encoding="utf-8")
WIDTHS = (360, 1440)
# What chromium itself says of a page whose status is no 200.
STATUS = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path, "chromium is not installed; run tests/services.sh"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def port(service: Service) -> Iterator[int]:
    with shown(service) as made:
        yield made


@dataclass
class Window:
    """A page, and all that it said or asked of others."""

    page: Page
    base: str
    said: list[str] = field(default_factory=list)

    def __call__(self, path: str) -> None:
        self.page.goto(self.base + path)

    def hears(self) -> None:
        """Listen to it."""
        here = urlsplit(self.base).netloc
        self.page.on("console", lambda one: self.said.append(one.text))
        self.page.on("pageerror", lambda one: self.said.append(str(one)))
        self.page.on("requestfailed", self._failed)
        self.page.on(
            "request",
            lambda one: (
                self.said.append(f"asked {one.url}") if urlsplit(one.url).netloc != here else None
            ),
        )

    def _failed(self, one: Request) -> None:
        # Who goes on to the next page at once leaves the icon of the last unread.
        if one.failure != "net::ERR_ABORTED":
            self.said.append(f"failed {one.url}: {one.failure}")

    def stays_within(self) -> bool:
        """Whether nothing is wider than the window."""
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        )


@contextmanager
def window(
    chromium: Browser, port: int, width: int = 1440, *, dark: bool = False
) -> Iterator[Window]:
    context = chromium.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    made = Window(context.new_page(), f"http://127.0.0.1:{port}")
    made.hears()
    try:
        yield made
        assert [one for one in made.said if not STATUS.match(one)] == []
    finally:
        context.close()


def paths(service: Service) -> list[str]:
    """A page of each kind, those of hostile stories among them."""
    hostile = [f"/stories/s_hostile{number}" for number in range(len(world.HOSTILE))]
    usual = [f"/stories/{one}" for one in world.ids(service.store)[10:14]]
    found = service.store.ledger_page(DeliveryState.DEAD, "desk", 0, 3).found
    told = [f"/deliveries/{one.delivery.id}" for one in found]
    lists = ["/", "/stories", "/stories?topic=mali&q=mali&page=1", "/alerts?span=7d"]
    return [*lists, "/deliveries", "/feeds", "/nothing", "/feeds?page=x", *hostile, *usual, *told]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_window_says_anything_or_asks_others(
    service: Service, chromium: Browser, port: int, width: int
) -> None:
    with window(chromium, port, width) as seen:
        for path in paths(service):
            seen(path)
            assert seen.stays_within(), (path, width)
            seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert seen.stays_within(), (path, width)


@pytest.mark.parametrize("dark", [False, True])
def test_each_page_can_be_read_by_those_who_see_badly_or_not_at_all(
    service: Service, chromium: Browser, port: int, dark: bool
) -> None:
    with window(chromium, port, dark=dark) as seen:
        for path in paths(service):
            seen(path)
            seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            assert seen.page.evaluate(SEEN) == [], path


def test_what_is_wrong_with_a_page_is_found(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content(
        "<main><h1>a</h1><h3>b</h3><input><a href='/'></a><svg></svg><table><tr><th>x</table>"
        "<p style='color: #888; background: #999'>dim</p><nav></nav></main>"
    )
    found = " ".join(page.evaluate(SEEN))
    page.close()
    for said in (
        "no language",
        "a level of headings is left out",
        "a field has no label",
        "it has no name",
        "a drawing has no name",
        "no caption",
        "no scope",
        "contrast is 1.2",
        "a landmark has no name",
        "there is not one footer",
    ):
        assert said in found, said


def test_the_keyboard_reaches_the_filter_and_the_first_story_and_shows_where_it_is(
    chromium: Browser, port: int
) -> None:
    with window(chromium, port) as seen:
        seen("/stories")
        reached = []
        for _ in range(40):
            seen.page.keyboard.press("Tab")
            one = seen.page.evaluate(
                """() => {
                    const one = document.activeElement, style = getComputedStyle(one);
                    const box = one.getBoundingClientRect();
                    const drawn = style.outlineStyle !== "none";
                    const shown = box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight + 1;
                    return {
                        name: one.id || one.getAttribute("href") || one.textContent.trim(),
                        story: !!one.closest("article h3"),
                        seen: shown && drawn && parseFloat(style.outlineWidth) >= 2,
                    };
                }"""
            )
            assert one["seen"], one
            reached.append(one["name"])
            if one["story"]:
                break
        assert reached[0] == "#main"
        order = ["/stories", "q", "topic", "severity", "country", "language", "source", "within"]
        at = [reached.index(one) for one in [*order, "day", "Show"]]
        assert at == sorted(at)
        assert reached[-1].startswith("/stories/s_")


def test_the_skip_link_leads_past_the_menu(chromium: Browser, port: int) -> None:
    with window(chromium, port) as seen:
        seen("/stories")
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.id") == "q"


def test_stories_are_found_with_the_form_and_read(chromium: Browser, port: int) -> None:
    with window(chromium, port, 360) as seen:
        seen("/stories")
        seen.page.get_by_label("Topic").select_option("russia-sahel")
        seen.page.get_by_label("Language").select_option(label="Russian")
        seen.page.get_by_role("button", name="Show").click()
        assert "topic=russia-sahel" in seen.page.url
        first = seen.page.locator("article h3 a").first
        title = first.inner_text()
        first.click()
        assert seen.page.locator("h1").inner_text() == title
        assert seen.page.locator("mark").count() > 0
        assert (
            seen.page.get_by_label("Pages").get_by_text("Stories").get_attribute("aria-current")
            == "page"
        )


def test_arabic_stands_from_right_to_left_and_tricks_turn_nothing_else(
    chromium: Browser, port: int
) -> None:
    with window(chromium, port) as seen:
        seen("/stories/s_hostile1")
        direction = "one => getComputedStyle(one).direction"
        assert seen.page.locator("h1").evaluate(direction) == "rtl"
        for one in ("body", "main", ".facts"):
            assert seen.page.locator(one).first.evaluate(direction) == "ltr"


def test_who_logs_in_sends_a_delivery_again_and_logs_out(
    guarded: Service, chromium: Browser
) -> None:
    dead = guarded.store.dead("desk")[0]
    with shown(guarded) as port, window(chromium, port) as seen:
        seen(f"/deliveries/{dead}")
        assert "/login?next=" in seen.page.url
        assert seen.page.evaluate(SEEN) == []
        seen.page.get_by_label("Token").fill("not the token")
        seen.page.keyboard.press("Enter")
        assert seen.page.get_by_role("alert").inner_text() == "This is not the token."
        assert seen.page.evaluate(SEEN) == []
        seen.page.get_by_label("Token").fill(world.TOKEN)
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url(f"**/deliveries/{dead}")
        seen.page.locator("main").get_by_role("button", name="Send again").click()
        assert "goes out again" in seen.page.get_by_role("status").inner_text()
        assert seen.page.evaluate(SEEN) == []
        seen("/deliveries?state=dead")
        assert seen.stays_within()
        seen.page.set_viewport_size({"width": 360, "height": 800})
        assert seen.stays_within()
        seen.page.get_by_role("button", name="Log out").click()
        assert seen.page.url.endswith("/login")
        seen("/feeds")
        assert "/login" in seen.page.url
    found = guarded.store.entered(dead)
    assert found
    assert found.delivery.state is DeliveryState.PENDING
