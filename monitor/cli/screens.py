"""How things are written for people: plain text that is safe to print in a terminal."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import click

from monitor.core.models import Entry, Match, Outcome, Verdict
from monitor.core.routing import Step
from monitor.core.shown import plain, shown_url
from monitor.edges.store.records import StoredStory

_WIDEST_TITLE = 70
# More failing feeds than this are counted by reason instead of listed.
_LISTED = 30
# Seconds after which a process that said nothing is taken for ended.
_SILENT = 30


def verdict(one: Verdict, steps: Iterable[Step] = ()) -> str:
    """Why an entry alerts or does not, in lines; `steps`: what each route says of it."""
    lines = [
        f"{_heading(one.outcome)}: {plain(one.reason)}",
        f"  title     {marked(one.entry, 'title', one.tagging.matches)}",
    ]
    if one.entry.summary:
        lines.append(f"  summary   {marked(one.entry, 'summary', one.tagging.matches)}")
    lines += _labelled("link", [one.entry.link])
    lines += _labelled("sameness", [one.sameness.value + (f" as {one.of}" if one.of else "")])
    lines += _labelled("placed", [one.placed])
    lines += _labelled("topics", [_topics(one)])
    lines += _labelled("because", one.tagging.reasons)
    lines += _labelled("evidence", _evidence(one.tagging.matches))
    lines += _labelled("not", one.tagging.misses)
    lines += _labelled("alerts", [f"{a.receiver}, {a.kind}: {a.reason}" for a in one.alerts])
    refused = [f"route {step.place}: {step.why}" for step in steps if not step.takes]
    lines += _labelled("no route", refused if one.tagging.topics else [])
    return "\n".join(lines)


def _heading(outcome: Outcome) -> str:
    told = {Outcome.ALERTED: "ALERT", Outcome.UPDATED: "UPDATE", Outcome.DIGEST: "DIGEST"}
    return told.get(outcome) or f"no alert ({outcome.value})"


def _topics(one: Verdict) -> str:
    if not one.tagging.topics:
        return "none"
    return f"{', '.join(sorted(one.tagging.topics))} ({one.tagging.severity.label})"


def _evidence(matches: Iterable[Match]) -> list[str]:
    """A line for each topic and rule: what it went by, and in which field."""
    by_rule: dict[tuple[str, str], list[str]] = {}
    for match in matches:
        named = f" = {match.name} ({match.entity})" if match.name else ""
        words = f'"{match.text}"{named} in the {match.field}'
        by_rule.setdefault((match.topic, match.rule), []).append(words)
    return [f"{topic}, rule {rule}: {', '.join(words)}" for (topic, rule), words in by_rule.items()]


def _labelled(label: str, texts: Iterable[str]) -> list[str]:
    """One line a text, the label before the first."""
    shown = [plain(text) for text in texts if text]
    return [f"  {label if not n else '':9} {text}" for n, text in enumerate(shown)]


def marked(entry: Entry, field: str, matches: Iterable[Match]) -> str:
    """A field's text with its evidence in »«, and in bold where the terminal can."""
    text: str = getattr(entry, field)
    spans = sorted({(one.start, one.end) for one in matches if one.field == field})
    parts, done = [], 0
    for start, end in spans:
        if start >= done:
            found = click.style(f"»{plain(text[start:end])}«", bold=True, fg="yellow")
            parts += [plain(text[done:start]), found]
            done = end
    return "".join([*parts, plain(text[done:])])


def scores(row: dict[str, Any]) -> str:
    """An evaluation, for a terminal: a line for each topic and language, then every miss."""
    lines = [f"{row['entries']} entries", ""]
    lines.append("topic         lang  precision  recall     F1   right wrong missed")
    for topic, by in row["topics"].items():
        for language, one in sorted(by.items(), key=lambda pair: (pair[0] == "all", pair[0])):
            figures = f"{one['precision']:9.3f} {one['recall']:7.3f} {one['f1']:6.3f}"
            counts = f"{one['right']:7} {one['wrong']:5} {one['missed']:6}"
            lines.append(f"{topic:13} {plain(language):4} {figures} {counts}")
    for name in ("copies", "events"):
        lines += ["", *_grouping(name, row[name])]
    return "\n".join(lines + [_miss(one) for one in row["misses"]])


def _grouping(name: str, found: dict[str, Any]) -> Iterator[str]:
    """The scores of copies or events, and the groups that are not as labelled."""
    yield f"{name:13} languages   pairs  precision  recall     F1   B-cubed  recall     F1"
    for scope in ("within", "across", "all"):
        one = found[scope]
        shown = [one[kind][figure] for kind in ("pairwise", "bcubed") for figure in _FIGURES]
        yield f"{'':13} {scope:10} {one['pairs']:6}  " + " ".join(f"{x:8.3f}" for x in shown)
    for what, ids in [(w, one) for w in ("mixed", "split") for one in found[w][:_SHOWN_GROUPS]]:
        yield plain(f"{name}: {what}: {', '.join(ids)}")


_FIGURES = ("precision", "recall", "f1")
_SHOWN_GROUPS = 20


def _miss(one: dict[str, Any]) -> str:
    says = "should not be" if one["kind"] == "false-positive" else "should be"
    why = f"\n    {plain(one['why'])}" if one["why"] else ""
    language = plain(str(one["lang"]))
    return f"{plain(one['id'])} ({language}) {says} {one['topic']}: {plain(one['title'])}{why}"


def story(stored: StoredStory) -> str:
    """Why a remembered story was told, or to nobody."""
    one = stored.story
    lines = [f"{one.id}: {plain(one.title)}"]
    lines += _labelled("first", [f"{one.carrier.source}, {one.first_seen:%Y-%m-%d %H:%M} UTC"])
    others = [each.source for each in stored.carriers if each.feed != one.carrier.feed]
    lines += _labelled("also", others)
    lines += _labelled("topics", [f"{', '.join(sorted(one.topics))} ({one.severity.label})"])
    lines += _labelled("because", one.reasons)
    lines += _labelled("evidence", _evidence(one.matches))
    lines += _labelled("settled", [", ".join(sorted(stored.told)) or "with no receiver"])
    return "\n".join(lines)


def unknown_link(url: str) -> str:
    """What to do about a link that no remembered story has."""
    return (
        f"No story with the link {plain(shown_url(url))} is remembered: it was not seen, or carries"
        " no topic.\nTo judge a text: monitor explain FILE, or: monitor explain - < FILE"
    )


def status(row: dict[str, Any]) -> str:
    """The state of everything, for a terminal."""
    told = _deliveries(row)
    lines = _feeds(row["feeds"]) + _moved(row["feeds"]) + _hosts(row["queues"]["hosts_waiting"])
    return "\n".join(lines + told + _service(row) + _push(row))


def _feeds(feeds: list[dict[str, Any]]) -> list[str]:
    health = Counter(one["health"] for one in feeds)
    counts = ", ".join(f"{n} {name}" for name, n in sorted(health.items()))
    lines = [f"FEEDS       {len(feeds)}: {counts}"]
    failing = [one for one in feeds if one["health"] in {"failing", "dead", "retired"}]
    failing.sort(key=lambda feed: (feed["outcome"], feed["name"]))
    if len(failing) > _LISTED:
        kinds = Counter(f"{one['outcome']} ({one['reason']})" for one in failing)
        lines += [f"  {n:4} {plain(kind)}" for kind, n in kinds.most_common()]
        return [*lines, "  each of them: monitor status --json"]
    for one in failing:
        following = one["next_poll"] or "never"
        since = f"{one['failures']} in a row since {one['failing_since']}"
        again = f"{since}, next try {following}; {one['because']}"
        lines.append(
            f"  {one['outcome']:12} {plain(one['name'])}: {plain(one['reason'])} ({again})"
        )
    return lines


def _moved(feeds: list[dict[str, Any]]) -> list[str]:
    """Feeds that are read elsewhere than configured."""
    moved = [one for one in feeds if one["moved_to"]]
    lines = [f"MOVED       {len(moved)} read elsewhere than configured"] if moved else []
    return lines + [f"  {plain(one['name'])}: {plain(one['moved_to'])}" for one in moved[:_LISTED]]


def _hosts(waiting: dict[str, str]) -> list[str]:
    """Hosts that have too much to do, and all of whose feeds wait."""
    lines = [f"HOSTS       {len(waiting)} left alone: they have too much to do"] if waiting else []
    shown = list(waiting.items())[:_LISTED]
    return lines + [f"  {plain(host)} until {until}" for host, until in shown]


def _deliveries(row: dict[str, Any]) -> list[str]:
    lines = ["DELIVERIES  " + ("" if row["deliveries"] else "none yet")]
    for name, counts in row["deliveries"].items():
        lines.append(f"  {name:12} " + ", ".join(f"{n} {state}" for state, n in counts.items()))
        if name in row["troubles"]:
            lines.append(f"               last failure {plain(row['troubles'][name])}")
        if name in row["closed_until"]:
            until = row["closed_until"][name]
            lines.append(
                f"               NOTHING IS SENT until {until}: it failed, or asked to wait"
            )
        if counts["dead"]:
            again = f"monitor redeliver --dead --receiver {name}"
            lines.append(f"               {counts['dead']} GIVEN UP; once mended: {again}")
    return lines


def _service(row: dict[str, Any]) -> list[str]:
    queues, latency, kept = row["queues"], row["latency"], row["store"]
    silent = queues["seconds_since"].get("poll_due")
    beat = "never ran" if silent is None else f"last ran {silent:.0f} s ago"
    down = silent is None or silent > _SILENT or queues["feeds_overdue"]
    return [
        f"POLLING     {beat}{' - ARE WORKER AND BEAT RUNNING?' if down else ''}; "
        f"{queues['feeds_due']} feeds due, {queues['feeds_overdue']} overdue",
        f"LATENCY     seen to delivered: p50 {_seconds(latency['p50'])}, "
        f"p95 {_seconds(latency['p95'])} of the last {latency['count']}",
        f"STORE       {kept['version']}, {kept['memory'] / 1e6:.1f} MB, {kept['stories']} stories"
        + ("" if kept["persistent"] else " - NOT PERSISTENT: a restart forgets everything")
        + ("" if kept["policy"] == "noeviction" else f" - EVICTS KEYS ({kept['policy']})"),
    ]


def _push(row: dict[str, Any]) -> list[str]:
    """How hubs do, where there are any."""
    websub, silent = row["websub"], row["queues"]["seconds_since"].get("websub")
    if not websub["subscriptions"]:
        return []
    first = f"{websub['first']['push']} first by push, {websub['first']['poll']} by poll"
    unused = f"; not used: {_counts(websub['dropped'])}" if websub["dropped"] else ""
    down = " - IS monitor websub RUNNING?" if silent is None or silent > _SILENT else ""
    return [f"PUSH        hubs: {_counts(websub['subscriptions'])}; news: {first}{unused}{down}"]


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items())


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def stories(found: list[dict[str, Any]]) -> str:
    """Stories as a table, the newest last."""
    if not found:
        return "no story in this time"
    lines = []
    for row in found:
        title = plain(row["title"])
        short = title if len(title) <= _WIDEST_TITLE else title[: _WIDEST_TITLE - 1] + "…"
        pad = " " * max(0, _WIDEST_TITLE - _width(short))
        others = f" +{len(row['others'])}" if row["others"] else ""
        topics = ",".join(row["topics"])
        when = row["first_seen"][5:16].replace("T", " ")
        source = plain(row["source"])
        lines.append(f"{when}  {row['severity']:8} {short}{pad}  {source}{others}  [{topics}]")
    return "\n".join(lines)


def _width(text: str) -> int:
    """How many columns a terminal gives a text."""
    wide = sum(1 for c in text if unicodedata.east_asian_width(c) in "WF")
    marks = sum(1 for c in text if unicodedata.combining(c))
    return len(text) + wide - marks
