"""Why a feed is polled when it is: kept as a code with at most a number, told as a sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum

from monitor.core.models import FeedState
from monitor.core.polling.conditions import TRUST

_UNITS = ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"))
# Whatever a feed asks for: what is kept of it stays a time that a calendar knows (seconds).
_LARGEST = 4e9


class Because(Enum):
    """What decided a gap. The sentence may use {number}, {long}, {until} of its number, {gap}."""

    NEW = "nothing is known of its rhythm yet; asked every {gap}"
    FIXED = "asked every {gap}, as configured"
    RHYTHM = "{number} expected at this time of the week; asked every {gap}"
    HIGH = "priority high: asked at least every {gap}"
    MAX_AGE = "the server says it stays as it is for {long} (Cache-Control); asked every {gap}"
    TTL = "the feed asks to wait {long} (ttl); asked every {gap}"
    SKIP = "the hours it asks to skip end on {until} (skipHours, skipDays); asked every {gap}"
    PUSHED = "its hub pushes; polled every {gap} as a safety net"
    TWIN = "moved to where another feed is read already; asked every {gap}"
    FAILING = "failing: asked again with growing gaps, now after {gap}"
    RETRY_AFTER = (
        "the server asked to be left alone for {long} (Retry-After); asked again after {gap}"
    )
    DEAD = "dead: asked once a day until {until}"
    RETIRED = "dead for too long: asked no more until the service starts anew"

    def code(self, number: float | None = None) -> str:
        """What FeedState.because keeps."""
        word = self.name.lower()
        return word if number is None else f"{word} {min(number, _LARGEST):.10g}"

    def says(self, number: float, gap: float) -> str:
        """The sentence; what it does not need of its number is left out."""
        return self.value.format(
            number=_entries(number), long=lasting(number), until=_time(number), gap=lasting(gap)
        )


def why(state: FeedState) -> str:
    """Why the feed is polled when it is, in one sentence."""
    if state.outcome is None:
        return "not polled yet"
    word, _, number = state.because.partition(" ")
    known = Because.__members__.get(word.upper())
    said = known.says(float(number or 0), state.interval) if known else ""
    if state.caught is not None:
        until = _time((state.caught + TRUST).timestamp())
        said += f"; read without conditions until {until}, as its 304 hid news"
    return said


def _entries(rate: float) -> str:
    """So many entries an hour, as people say it."""
    if rate >= 0.95:
        return f"about {rate:.0f} entries an hour are" if rate > 1.5 else "about one an hour is"
    if rate >= 1 / 48:
        return f"about one in {1 / rate:.0f} hours is"
    return "hardly any entry is"


def lasting(seconds: float) -> str:
    """A duration in the largest unit that it holds twice, rounded."""
    size, unit = next((one for one in _UNITS if seconds >= 2 * one[0]), (1.0, "s"))
    return f"{seconds / size:.0f} {unit}"


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%d %b %H:%M} UTC"
