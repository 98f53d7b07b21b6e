"""What one poll changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from monitor.core.commit import gather
from monitor.core.digest import delivery_id
from monitor.core.growing import grown
from monitor.core.models import (
    Alert,
    Cadence,
    EventRef,
    Identity,
    Known,
    Origin,
    Outcome,
    Sameness,
    Seen,
    Sheet,
    StoryRef,
    Verdict,
)
from tests import make

ID = Identity("id-1", "link-1", "text-1")


def verdict(identity: Identity = ID, *, told: bool = True) -> Verdict:
    story = make.story()
    alerts = (Alert("desk", "because", story),) if told else ()
    return Verdict(
        make.entry(),
        identity,
        Sameness.NEW,
        Outcome.ALERTED,
        "because",
        story=story,
        story_id=story.id,
        alerts=alerts,
        settled=frozenset({"desk"}),
    )


def silent(identity: Identity, text: str = "t") -> Verdict:
    entry = make.entry()
    return Verdict(entry, replace(identity, text=text), Sameness.NEW, Outcome.NO_TOPIC, "")


def test_an_alert_becomes_a_delivery_with_the_same_id_whoever_decides() -> None:
    commit = gather("f", "u", make.state(), [verdict()], Known(), now=make.NOW)
    (delivery,) = commit.deliveries
    assert delivery.id == delivery_id("s_1", "desk") == delivery_id("s_1", "desk")
    assert delivery.id != delivery_id("s_1", "hook")
    assert commit.claims == {"link:link-1": "s_1", "text:text-1": "s_1"}
    assert commit.settled == {"s_1": frozenset({"desk"})}
    assert commit.seen == {"id-1": Seen("text-1", "s_1", make.NOW.timestamp(), "link-1")}


def test_names_that_a_story_holds_are_not_claimed_again() -> None:
    known = Known(stories={"link:link-1": make_ref()})
    commit = gather("f", "u", make.state(), [verdict(), verdict()], known, now=make.NOW)
    assert commit.claims == {"text:text-1": "s_1"}


def test_an_unchanged_entry_is_not_written_again_and_an_edited_one_keeps_its_story() -> None:
    known = Known(seen={"id-1": Seen("t", "s_9", 1.0), "id-2": Seen("old", "s_8", 1.0)})
    polled = [silent(ID), silent(Identity("id-2", None, ""), "new")]
    commit = gather("f", "u", make.state(), polled, known, now=make.NOW)
    assert commit.seen == {"id-2": Seen("new", "s_8", make.NOW.timestamp())}


def test_of_a_long_memory_the_oldest_are_forgotten_but_never_what_the_feed_still_shows() -> None:
    seen = {f"id-{n}": Seen("t", None, float(n)) for n in range(6)}
    polled = [silent(Identity("id-0", None, "")), silent(Identity("id-9", None, ""))]
    commit = gather("f", "u", make.state(), polled, Known(seen=seen), now=make.NOW, remember=5)
    assert commit.forgotten == ("id-1", "id-2")
    unbounded = gather("f", "u", make.state(), polled, Known(seen=seen), now=make.NOW)
    assert unbounded.forgotten == ()


def test_the_archive_is_told_of_what_is_new_to_the_feed_and_of_the_skimmed_by_name() -> None:
    origin = Origin("Sahel Daily", "r", "v")
    known = replace(silent(ID), sameness=Sameness.SAME_ID)
    skimmed = replace(silent(ID), entry=replace(make.entry(), skimmed=True))
    nameless = replace(skimmed, identity=Identity("id-3", None, ""))
    polled = [known, silent(ID), skimmed, nameless]
    commit = gather("f", "u", make.state(), polled, Known(), now=make.NOW, origin=origin)
    assert commit.sheet == Sheet(make.NOW, origin, (silent(ID),), ("link-1", "id-3"))
    assert commit.of_the_feed
    nothing = gather("f", "u", make.state(), [known], Known(), now=make.NOW, origin=origin)
    assert nothing.sheet is None
    assert gather("f", "u", make.state(), polled, Known(), now=make.NOW).sheet is None


def make_ref() -> StoryRef:
    return StoryRef("s_0", "e_0", "guid-0")


def test_an_event_keeps_its_first_carriers_and_facts_and_no_end_of_them() -> None:
    event = EventRef("e_1")
    for number in range(450):
        one = make.story(f"s_{number}")
        one = replace(one, carrier=replace(one.carrier, feed=f"https://f{number}.example"))
        event = grown(event, one, replace(verdict(), story=one, facts=frozenset({f"#{number}"})))
    assert len(event.carriers) == 60
    assert event.carriers[0].feed == "https://f0.example"
    assert len(event.facts) == 400
    assert event.told == {"desk": delivery_id("s_0", "desk")}


def alert(name: str, hours: float | None = 0) -> Verdict:
    """A verdict that tells the desk of a story published so many hours ago, or undated."""
    published = None if hours is None else make.at(-hours * 3600)
    story = replace(make.story(name), published=published)
    one = replace(verdict(Identity(name, None, name)), story=story, story_id=name)
    return replace(one, alerts=(Alert("desk", "because", story),))


def test_alerts_of_one_poll_go_out_in_the_order_of_their_news() -> None:
    told = (alert("s_new", 1), alert("s_undated", None), alert("s_old", 5))
    made = gather("f", "https://f.example/", make.state(), told, Known(), now=make.NOW).deliveries
    assert [one.alert.story.id for one in made] == ["s_old", "s_new", "s_undated"]
    created = [one.created for one in made]
    assert created == sorted(created)
    assert len(set(created)) == 3
    assert created[-1] == make.NOW


def test_what_comes_in_quiet_hours_waits_for_their_end_and_says_so() -> None:
    night = {"desk": Cadence(quiet=(time(11), time(14)))}
    (held,) = gather(
        "f",
        "https://f.example/",
        make.state(),
        (alert("s_1"),),
        Known(),
        now=make.NOW,
        cadences=night,
    ).deliveries
    assert held.due == make.at(2 * 3600)
    assert held.alert.reason == "because; held until 14:00 UTC: quiet hours"
