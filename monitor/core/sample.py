"""A made-up alert that says that it is a test, for `monitor send-test`."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.core.digest import delivery_id
from monitor.core.models import Alert, Carrier, Delivery, Match, Severity, Story

_SAMPLE_TITLE = (
    "Not a real story: Moscow promises arms and instructors to the joint force of Mali, Niger"
    " and Burkina Faso"
)
_SAMPLE_SUMMARY = (
    "This message only shows that alerts arrive. In a real one, this sentence would tell how"
    " Russia means to equip and train the joint force of Mali, Niger and Burkina Faso."
)
_SAMPLE_ENTITIES = {"Russia": "Q159", "Mali": "Q912", "Niger": "Q1032", "Burkina Faso": "Q965"}


def sample(receiver: str, now: datetime) -> Delivery:
    """A made-up alert that says that it is a test; another `now` makes another delivery."""
    home, other = _sample_carrier("Example Courier", now), _sample_carrier("Example Wire", now)
    story = Story(
        id="s_test",
        event="e_test",
        entry="test",
        title=_SAMPLE_TITLE,
        summary=_SAMPLE_SUMMARY,
        link=home.link,
        published=now - timedelta(minutes=12),
        first_seen=now,
        carrier=home,
        topics=frozenset(("russia-sahel", "sahel", "russia")),
        severity=Severity.HIGH,
        matches=tuple(_sample_match(*one) for one in _SAMPLE_ENTITIES.items()),
        reasons=('russia-sahel: a sample: "Russia", "Mali"',),
    )
    reason = f"{story.reasons[0]}; asked for by hand: monitor send-test"
    alert = Alert(receiver, reason, story, others=(other,), kind="test")
    return Delivery(delivery_id(f"s_test {now.isoformat()}", receiver), alert, created=now)


def _sample_carrier(name: str, now: datetime) -> Carrier:
    site = f"https://{name.lower().replace(' ', '-')}.example"
    return Carrier(name, f"{site}/feed", f"{site}/test", now, "en", "Mali")


def _sample_match(name: str, entity: str) -> Match:
    start = _SAMPLE_SUMMARY.index(name)
    end = start + len(name)
    return Match("russia-sahel", "sample", "summary", start, end, name, entity, name)
