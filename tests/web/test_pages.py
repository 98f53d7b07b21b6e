"""What the pages show of a store with everything in it, hostile texts among it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from monitor.core.models import DeliveryState
from monitor.service.wiring import Service
from tests.web import world
from tests.web.pages import Browser, shown

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ask(service: Service) -> Iterator[Browser]:
    with shown(service) as port:
        browser, end = Browser(port), time.monotonic() + 30
        while "still being read" in browser("/stories").text:
            assert time.monotonic() < end
            time.sleep(0.1)
        yield browser


class Page(HTMLParser):
    """The elements of a page, in order, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def everything(service: Service, ask: Browser) -> dict[str, str]:
    """Every kind of page, and of each story and delivery its own."""
    paths = ["/", "/stories", "/alerts?span=7d", "/deliveries", "/feeds", "/nothing"]
    paths += [f"/stories/{one}" for one in world.ids(service.store)[:30]]
    page = service.store.ledger_page(None, None, 0, 30)
    paths += [f"/deliveries/{one.delivery.id}" for one in page.found]
    return {path: ask(path).text for path in paths}


def test_no_text_of_strangers_becomes_markup_a_script_or_a_link_to_one(
    service: Service, ask: Browser
) -> None:
    for path, text in everything(service, ask).items():
        for tag, attributes in Page(text).found:
            assert tag not in {"script", "img", "iframe", "b", "i", "x", "style"}, path
            assert not [one for one in attributes if one.startswith("on") or one == "style"], path
            for name in ("href", "action", "src"):
                place = attributes.get(name) or "/"
                assert place.startswith(("/", "#", "?", "http://", "https://")), place
                if place.startswith("http"):
                    assert "noreferrer" in (attributes["rel"] or "")
        assert not re.search("[\x00-\x08\x1b\u202a-\u202e\u200b]", text), path
        assert "geheim" not in text, path
        assert "49" not in ask("/stories/s_hostile5").text.partition("<h1")[2][:120]


def test_evidence_is_marked_in_title_and_text(service: Service, ask: Browser) -> None:
    for one in service.store.stories_by_id(world.ids(service.store)[6:40]).values():
        text = ask(f"/stories/{one.story.id}").text
        for match in one.story.matches:
            assert f"<mark>{match.text}" in text.replace("<bdi>", "").replace("&#39;", "'")


def test_stories_are_chosen_by_each_condition_and_paged(service: Service, ask: Browser) -> None:
    def count(query: str) -> int:
        found = re.search(r"(\d+) stor(?:y|ies)", ask(f"/stories?{query}").text)
        return int(found[1]) if found else 0

    stored = service.store.stories(datetime.now(UTC) - timedelta(days=7))
    assert count("") == len(stored) > 100
    russian = [one for one in stored if one.story.carrier.language == "ru"]
    assert count("language=ru") == len(russian) > 0
    assert count("country=Mali&within=30d") > 0
    assert count("topic=russia-sahel") == sum("russia-sahel" in s.story.topics for s in stored)
    assert count("severity=critical") == sum(s.story.severity.label == "critical" for s in stored)
    assert count("source=harbour+w") > 0
    assert count("q=no+title+has+these+words") == 0
    assert count(f"day={datetime.now(UTC):%Y-%m-%d}") > 0
    first, second = ask("/stories").text, ask("/stories?page=2").text
    assert first.count("<article") == 50
    assert 'href="/stories?page=2" rel="next"' in first
    assert 'rel="prev"' in second
    assert not set(re.findall('/stories/(s_[^"]+)', first)) & set(
        re.findall('/stories/(s_[^"]+)', second)
    )
    assert "none is left for this page" in ask("/stories?page=99999").text
    assert "No story meets these conditions." in ask("/stories?q=no+title+has+this").text


def test_a_story_shows_its_event_its_outlets_and_whom_it_was_told_to(
    service: Service, ask: Browser
) -> None:
    update = next(
        one
        for one in service.store.ledger_page(None, None, 0, 200).found
        if one.delivery.alert.kind == "story.update"
    )
    story = update.delivery.alert.story
    text = ask(f"/stories/{story.id}").text
    assert f"/deliveries/{update.delivery.id}" in text
    for one in service.store.stories(datetime(2000, 1, 1, tzinfo=UTC)):
        if one.story.event == story.event:
            assert one.story.id in text
    assert text.count("<circle") >= 2
    assert "independent outlets" in text


def test_deliveries_are_chosen_by_receiver_and_state(service: Service, ask: Browser) -> None:
    for state in DeliveryState:
        text = ask(f"/deliveries?state={state}&receiver=desk").text
        table = text.partition("<tbody")[2]
        states = set(re.findall('badge (pending|sent|failed|dead)"', table))
        assert states <= {state.value}
        wanted = service.store.ledger(datetime(2000, 1, 1, tzinfo=UTC), state, "desk", 50)
        assert len(re.findall('href="/deliveries/d_', table)) == len(wanted) > 0
        assert "night-desk" not in table
    assert ask("/deliveries?receiver=nobody").status == 400
    first = ask("/deliveries").text
    found = re.search(r'href="(/deliveries\?skip=\d+)" rel="next"', first)
    assert found
    assert "<tbody" in ask(found[1]).text
    assert "No delivery meets these conditions." in ask("/deliveries?skip=99999").text


def test_feeds_in_trouble_come_first_with_their_reason(ask: Browser) -> None:
    end = time.monotonic() + 20
    while "healthy (4)" not in ask("/feeds").text:
        assert time.monotonic() < end
        time.sleep(0.2)
    text = ask("/feeds").text
    order = re.findall(r'class="feed edge-(\w+)"', text)
    assert order == ["failing", "failing", "dead", "waiting", *["healthy"] * 4]
    assert "answered 404 &lt;script&gt;" in text
    assert "feed?token=***" in text
    assert ask("/feeds?health=dead").text.count('class="feed ') == 1
    assert ask("/feeds?q=GAZETTE").text.count('class="feed ') == 1
    assert "No feed meets these conditions." in ask("/feeds?q=nothing-has-this").text


def test_the_overview_says_what_came_and_what_is_wrong(ask: Browser) -> None:
    text = ask("/").text
    assert "Worth a look" in text
    assert re.search(r"\d+ given up on the way to desk", text)
    assert text.count("<article") == 8
    assert text.count("<rect") > 10


def test_numbers_of_the_chart_stand_in_its_table(service: Service, ask: Browser) -> None:
    for span, rows in (("24h", 24), ("7d", 28), ("30d", 30)):
        text = ask(f"/alerts?span={span}").text
        body = text.partition("<tbody>")[2].partition("</tbody>")[0]
        assert body.count("<tr>") == rows
        numbers = [int(n) for n in re.findall(r'<td class="figure">(\d+)</td>', body)]
        told = len(service.store.ledger(datetime(2000, 1, 1, tzinfo=UTC), None, None, 9_999))
        if span != "24h":
            assert sum(numbers[4::5]) == told


def test_a_delivery_is_sent_anew_by_who_is_logged_in(guarded: Service) -> None:
    dead = guarded.store.dead(None)[0]
    with shown(guarded) as port:
        browser = Browser(port)
        browser("/login", form={"token": world.TOKEN})
        page = browser(f"/deliveries/{dead}").text
        form = re.search(r'name="form" value="([^"]+)"', page)
        assert form
        answer = browser(f"/deliveries/{dead}", form={"form": form[1]})
        assert answer.status == 303
        again = browser(answer.headers["Location"]).text
        assert "It goes out again within seconds" in again
        assert browser("/deliveries/d_nothing", form={"form": form[1]}).status == 404
    found = guarded.store.entered(dead)
    assert found
    assert found.delivery.state is DeliveryState.PENDING


def test_what_is_just_being_sent_is_not_sent_anew(guarded: Service) -> None:
    one = guarded.store.ledger_page(DeliveryState.PENDING, None, 0, 1).found[0].delivery
    guarded.store.begin([one])
    with shown(guarded) as port:
        browser = Browser(port)
        browser("/login", form={"token": world.TOKEN})
        form = re.search(r'name="form" value="([^"]+)"', browser("/feeds").text)
        assert form
        answer = browser(f"/deliveries/{one.id}", form={"form": form[1]})
        assert answer.headers["Location"].endswith("?done=busy")
        assert "it is just being sent" in browser(answer.headers["Location"]).text
