"""`monitor explain`: why this came, and why that did not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from monitor.cli import screens
from monitor.cli.replaying import Replaying
from monitor.cli.saying import FAILED, as_json, complain
from monitor.core.errors import Fault, Unavailable
from monitor.core.models import Feed, FeedState
from monitor.core.polling import health
from monitor.core.shown import plain, shown_url
from monitor.edges.settings import Settings
from monitor.edges.store.archive import Extent
from monitor.service.checking import read_settings
from monitor.service.explaining import Explainer, Findings, Sighting
from monitor.service.wiring import Service
from monitor.views import rows
from monitor.views.deliveries import fate, moment
from monitor.views.explained import SAID, explained_row

# Sightings, and feeds, that are written out for people.
_SHOWN = 20


@click.command()
@click.argument("source", metavar="URL|ID|FILE|-")
@click.option("--json", "machine", is_flag=True, help="For machines.")
@click.pass_obj
def explain(config: str | None, source: str, machine: bool) -> None:
    """Show why news came, or did not.

    A link, or the id of an entry, story or delivery, is looked up; of a file's entries it is
    shown what would be decided (offline).
    """
    settings = read_settings(config)
    if source == "-" or (not _is_url(source) and _is_file(source)):
        sys.exit(_judge(settings, source, machine))
    service = Service(settings)
    try:
        explainer = Explainer(service.store, service.policy, service.feeds)
        found = explainer.explain(source)
    except Unavailable as away:
        if _is_url(source):
            raise
        _no_file(source, f"and whether an entry has this id cannot be asked: {away}")
    if not found.seen and not _is_url(source) and not machine:
        _no_file(source, "and no entry, story or delivery of this id is known")
    row = explained_row(found, service.feeds, service.rulebook.version) if machine else None
    told = as_json(row, indent=1) if machine else _told(found, service)
    click.echo(told)
    sys.exit(0 if found.seen else FAILED)


def _is_url(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _is_file(source: str) -> bool:
    try:
        return Path(source).exists()
    except (OSError, ValueError):
        # A name that no file can have.
        return False


def _no_file(source: str, why: str) -> NoReturn:
    complain(f"{source}: there is no such file, {why}")
    sys.exit(FAILED)


def _judge(settings: Settings, source: str, machine: bool) -> int:
    """What would be decided on a file's entries; the exit status."""
    faults = 0
    with Replaying(settings) as judge:
        for verdict in judge(source):
            if isinstance(verdict, Fault):
                faults += 1
                complain(verdict)
                continue
            steps = judge.steps(verdict)
            if machine:
                said = [{"route": s.place, "takes": s.takes, "why": s.why} for s in steps]
                click.echo(as_json(rows.verdict_row(verdict) | {"routes": said}))
            else:
                click.echo(screens.verdict(verdict, steps) + "\n")
    return FAILED if faults else 0


def _told(found: Findings, service: Service) -> str:
    """All that was found, for people."""
    if not found.seen:
        return "\n".join(_unseen(found))
    lines: list[str] = []
    for one in found.sightings[:_SHOWN]:
        lines += [*_sighting(one, service.rulebook.version), ""]
    if (more := len(found.sightings) - _SHOWN) > 0:
        lines += [f"and {more} earlier: monitor explain --json", ""]
    for story in found.stories:
        lines += [screens.story(story, brief=bool(found.sightings)), ""]
    if found.deliveries or found.lost:
        lines += ["deliveries", *_deliveries(found), ""]
    lines += _remembered(found, service.feeds)
    return "\n".join([*lines, f"archive: {_extent(found.extent)}"])


def _sighting(one: Sighting, rulebook: str) -> Iterator[str]:
    then, entry = one.archived, one.archived.entry
    matches = one.today.tagging.matches if one.today else ()
    yield f"{moment(then.at)}, {plain(then.source)}: {SAID[then.outcome]}"
    yield from screens.labelled("why", [then.reason])
    for field in ("title", "summary"):
        if getattr(entry, field):
            yield f"  {field:9} {screens.marked(entry, field, matches)}"
    yield from screens.labelled("link", [shown_url(entry.link)])
    yield from screens.labelled("published", [moment(entry.published) if entry.published else ""])
    yield from screens.labelled("feed", [one.feed.shown if one.feed else "not configured any more"])
    yield from screens.labelled("sameness", [_sameness(one)])
    yield from screens.labelled("placed", [then.placed])
    yield from screens.labelled("topics", [_topics(then.topics, then.severity.label)])
    yield from screens.labelled("evidence", screens.evidence(matches))
    if then.story:
        yield from screens.labelled("story", [f"{then.story}, event {then.event}"])
    yield from screens.labelled("alerts", [f"{name}, {kind}" for name, kind in then.alerts])
    same = " (today's)" if then.rulebook == rulebook else ""
    by = f"by rulebook {then.rulebook}{same}, monitor {then.version}"
    yield from screens.labelled("decided", [by])
    yield from screens.labelled("today", [_today(one)])


def _sameness(one: Sighting) -> str:
    then, before = one.archived, one.earlier
    when = f" ({before.source}, {moment(before.at)})" if before else ""
    return screens.sameness(then.sameness, f"{then.of}{when}" if then.of else None)


def _today(one: Sighting) -> str:
    """What today's rules say, where that is something else."""
    now = one.today
    if now is None or not one.differs:
        return ""
    topics = _topics(tuple(sorted(now.tagging.topics)), now.tagging.severity.label)
    return f"OTHERWISE: {SAID[now.outcome]}; topics {topics}; {now.reason}"


def _topics(names: tuple[str, ...], severity: str) -> str:
    return f"{', '.join(names)} ({severity})" if names else "none"


def _deliveries(found: Findings) -> Iterator[str]:
    for one in found.deliveries:
        alert = one.delivery.alert
        about = f"{alert.kind} of {alert.story.id}"
        yield plain(f"  {one.delivery.id} to {alert.receiver}, {about}: {fate(one)}")
        # The story's own reasons stand above.
        why = alert.reason.removeprefix("; ".join(alert.story.reasons)).removeprefix("; ")
        yield plain(f"  {'':14} {why}")
    for name in found.lost:
        yield plain(f"  {name}: decided, but not in the ledger any more")


def _unseen(found: Findings) -> Iterator[str]:
    """What can be said of what never came."""
    yield f"{plain(shown_url(found.asked))} was never seen."
    yield from screens.labelled("archive", [_extent(found.extent)])
    if not _is_url(found.asked):
        return
    feeds = [_feed(*one) for one in found.hosted[:_SHOWN]]
    if (more := len(found.hosted) - _SHOWN) > 0:
        feeds.append(f"and {more} more")
    yield from screens.labelled("feeds", feeds or ["none of its host is configured"])
    yield "To judge a text: monitor explain FILE, or: monitor explain - < FILE"


def _feed(feed: Feed, state: FeedState | None) -> str:
    """A feed that could have brought it."""
    name = feed.shown if feed.source == feed.shown else f"{feed.source} ({feed.shown})"
    if state is None or state.last_poll is None:
        return f"{name}: never polled"
    trouble = f", {state.outcome}: {state.reason}" if state.failures else ""
    new = f", last news {moment(state.last_new)}" if state.last_new else ""
    return f"{name}: {health(state)}{trouble}; last polled {moment(state.last_poll)}{new}"


def _remembered(found: Findings, feeds: dict[str, Feed]) -> Iterator[str]:
    """Feeds that showed it before the archive begins."""
    for key, one in found.memory.items():
        at = moment(datetime.fromtimestamp(one.at, UTC))
        yield plain(f"{feeds[key].source} showed it at {at}; more is not known any more")


def _extent(extent: Extent) -> str:
    if extent.oldest is None:
        return "nothing is archived yet"
    return f"{extent.entries} entries since {moment(extent.oldest)}"
