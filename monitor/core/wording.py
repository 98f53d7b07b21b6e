"""What an alert says to a person. Pure: channels only dress these words.

Texts come here as they were published and leave as one line each, without control,
direction or other invisible characters. What a channel must escape, it escapes itself, at
the last moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.evidence import Piece, sentence
from monitor.core.models import Alert, Carrier, Line, Severity, Story
from monitor.core.parse.links import absolute
from monitor.core.parse.plain import clean, shorten

# Characters of a headline, of any other line, of what is new and of reach, of an outlet's
# name, of what places it, and of a link; a longer link is dropped, for half a link leads
# nowhere.
_HEADLINE, _LINE, _SHORT, _NAME, _TRAIT, _LINK = 300, 400, 250, 80, 40, 2_000
# How many of the others that carry a story are named.
_NAMED = 5
_ORDER = ("russia-sahel", "sahel", "russia")
_KINDS = {
    "story.alert": "",
    "story.update": "Update",
    "digest": "Digest",
    "notice": "NOTICE",
    "canary": "CANARY",
    "test": "TEST",
}
# What we say ourselves, of the service.
_OURS = ("notice", "canary")
# Characters of a headline in a digest, where many stand below one another.
_REPORT = 200
_LANGUAGES = {
    "ar": "Arabic",
    "bm": "Bambara",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "ha": "Hausa",
    "pt": "Portuguese",
    "ru": "Russian",
    "zh": "Chinese",
}
_UNITS = (("day", "days", 86_400), ("h", "h", 3_600), ("min", "min", 60))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another outlet that carries the story, and its link or ""."""

    outlet: str
    link: str


@dataclass(frozen=True, slots=True)
class Report:
    """One report of a digest: its headline, where it leads or "", outlet and news, how grave."""

    headline: str
    link: str
    said: str
    severity: Severity = Severity.LOW


@dataclass(frozen=True, slots=True)
class Wording:
    """An alert in words, each of them one line that can be shown as it is.

    `kind`: what sets it apart from a first alert ("Update", "TEST"), or "". `sentence`:
    the one with most evidence. `news`: what is new in an update, or "". `reach`: how many
    carry the event and who was first, "" where it is but one. `more`: how many others carry it
    that are not named. `reports`: those of a digest, which shows only them and its reason.
    `outlet`, `when` and `topics` are "" in what is said of the service itself.
    """

    kind: str
    headline: str
    link: str
    outlet: str
    when: str
    severity: Severity
    topics: str
    sentence: tuple[Piece, ...]
    reason: str
    others: tuple[Elsewhere, ...]
    more: int
    news: str = ""
    reach: str = ""
    reports: tuple[Report, ...] = ()

    @property
    def title(self) -> str:
        """The headline, after the kind where there is one."""
        if self.reports:
            count = len(self.reports)
            return f"{self.kind}: {count} {'report' if count == 1 else 'reports'}"
        return f"{self.kind}: {self.headline}" if self.kind else self.headline

    @property
    def origin(self) -> str:
        """Outlet and time; begun in Latin letters, for an Arabic name would turn the line."""
        return f"From {self.outlet}, {self.when}" if self.outlet else ""

    @property
    def label(self) -> str:
        """How grave it is, and its topics; "" where it has none."""
        return f"{self.severity.label}: {self.topics}" if self.topics else ""

    @property
    def notice(self) -> str:
        """The alert in one line, for a notification."""
        where = f" ({self.outlet})" if self.outlet else ""
        if self.reports:
            where = f": {self.reports[0].headline}"
        return f"[{self.severity.label}] {self.title}{where}"


def put(alert: Alert, now: datetime) -> Wording:
    """An alert in words; `now` (aware) is for saying how long ago things were."""
    story, ours = alert.story, alert.kind in _OURS
    names = list(_elsewhere(alert))
    return Wording(
        kind=_KINDS.get(alert.kind, shorten(clean(alert.kind), _TRAIT)),
        headline=_headline(story),
        link=safe_link(story.link),
        outlet="" if ours else outlet(story.carrier),
        when="" if ours else when(story, now),
        severity=story.severity,
        topics="" if ours else shorten(", ".join(topics(story)), _LINE),
        sentence=_whole(story, _took(alert, now)) if ours else sentence(story),
        reason=shorten(clean(alert.reason), _LINE),
        others=tuple(names[:_NAMED]),
        more=len(names[_NAMED:]),
        news=shorten(clean(", ".join(alert.news)), _SHORT),
        reach=reach((story.carrier, *alert.others)),
        reports=tuple(map(_report, alert.lines)),
    )


def _whole(story: Story, more: str) -> tuple[Piece, ...]:
    """All of a text that we wrote ourselves, and what is known only now."""
    said = shorten(clean(f"{story.summary}{more}"), _LINE)
    return (Piece(said),) if said else ()


def _took(alert: Alert, now: datetime) -> str:
    """How long a canary was on its way."""
    if alert.kind != "canary":
        return ""
    begun = alert.story.published or alert.story.first_seen
    return f" It took {max((now - begun).total_seconds(), 0.0):.1f} s."


def _report(line: Line) -> Report:
    source = shorten(clean(line.source), _NAME) or "unnamed source"
    more = f"and {line.others} more" if line.others else ""
    where = ", ".join(filter(None, (source, "state media" * line.state_media, more)))
    news = ", ".join(filter(None, map(clean, line.news)))
    said = " · ".join(filter(None, (where, news)))
    headline = shorten(clean(line.title), _REPORT) or "(no title)"
    return Report(headline, safe_link(line.link), shorten(clean(said), _REPORT), line.severity)


def reach(carriers: Sequence[Carrier]) -> str:
    """How many outlets carry an event, how many of them on their own (copies of one text or of
    one agency count once), in which languages, and who was first; "" for one outlet alone.
    """
    outlets = {one.source: one for one in sorted(carriers, key=lambda one: one.seen, reverse=True)}
    if len(outlets) < _SEVERAL:
        return ""
    own = {one.wire or one.story or one.source for one in outlets.values()}
    state = sum(one.state_media for one in outlets.values())
    first = min(outlets.values(), key=lambda one: one.seen)
    heard = sorted({spoken(one.language or "") for one in outlets.values()} - {""})
    said = [
        _outlets(len(outlets), len(own)),
        f"{state} state media" * bool(state),
    ]
    where = f"first {outlet(first)}, {first.seen:%d %b %H:%M} UTC"
    return shorten("; ".join((", ".join(filter(None, said)), ", ".join(heard), where)), _SHORT)


_SEVERAL = 2


def _outlets(all_: int, own: int) -> str:
    return f"{all_} outlets, {own} independent" if own < all_ else f"{all_} independent outlets"


def _headline(story: Story) -> str:
    for text in (story.title, story.summary, story.link):
        if shown := shorten(clean(text), _HEADLINE):
            return shown
    return "(no title)"


def safe_link(link: str) -> str:
    """An http(s) link in plain characters, as links of feeds are when they are read: its host as
    it is looked up (IDNA), nobody's name or password in front of it, and what would end or
    disguise it percent-encoded.

    "" for any other scheme, for what is no URL, and for what is longer than 2,000.
    """
    return absolute(link.strip(), "", _LINK)


def outlet(carrier: Carrier) -> str:
    """An outlet as people place it: name, country, language, state media."""
    place = (carrier.country or "", spoken(carrier.language or ""))
    traits = [shorten(clean(one), _TRAIT) for one in place]
    traits.append("state media" if carrier.state_media else "")
    known = ", ".join(one for one in traits if one)
    name = shorten(clean(carrier.source), _NAME) or "unnamed source"
    return f"{name} ({known})" if known else name


def spoken(language: str) -> str:
    """The English name of a language, or its code where we know none."""
    return shorten(clean(_LANGUAGES.get(language.split("-")[0].lower(), language)), _TRAIT)


def when(story: Story, now: datetime) -> str:
    """When a story was published and how long ago; when first seen, if it has no date."""
    if story.published is None:
        return f"no date, first seen {_moment(story.first_seen, now)}"
    return f"published {_moment(story.published, now)}"


def _moment(at: datetime, now: datetime) -> str:
    return f"{at:%d %b %Y %H:%M} UTC, {ago(now - at)}"


def ago(age: timedelta) -> str:
    """How long ago, in the unit a person would use."""
    seconds = age.total_seconds()
    if seconds < 0:
        return "dated in the future"
    for one, many, size in _UNITS:
        count = int(seconds // size)
        if count:
            return f"{count} {one if count == 1 else many} ago"
    return "just now"


def topics(story: Story) -> list[str]:
    """The topics, the most telling first."""
    known = [one for one in _ORDER if one in story.topics]
    return known + sorted(story.topics.difference(_ORDER))


def _elsewhere(alert: Alert) -> Iterator[Elsewhere]:
    """The others that carry the story, each outlet once."""
    told = {alert.story.carrier.source}
    for one in alert.others:
        if one.source not in told:
            told.add(one.source)
            yield Elsewhere(outlet(one), safe_link(one.link))
