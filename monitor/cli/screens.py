"""How things are written for people: plain text that is safe to print in a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import click

from monitor.core.models import Entry, Match, Outcome, Sameness, Verdict
from monitor.core.routing import Step
from monitor.core.shown import plain
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
    lines += labelled("link", [one.entry.link])
    lines += labelled("sameness", [sameness(one.sameness, one.of)])
    lines += labelled("placed", [one.placed])
    lines += labelled("topics", [_topics(one)])
    lines += labelled("because", one.tagging.reasons)
    lines += labelled("evidence", evidence(one.tagging.matches))
    lines += labelled("not", one.tagging.misses)
    lines += labelled("alerts", [f"{a.receiver}, {a.kind}: {a.reason}" for a in one.alerts])
    refused = [f"route {step.place}: {step.why}" for step in steps if not step.takes]
    lines += labelled("no route", refused if one.tagging.topics else [])
    return "\n".join(lines)


def sameness(how: Sameness, of: str | None) -> str:
    """How an entry is new, or not; `of`: the earlier one it repeats, or tells of the same as."""
    if not of:
        return how.value
    return f"new text, same event as {of}" if how is Sameness.NEW else f"{how.value} as {of}"


def _heading(outcome: Outcome) -> str:
    told = {Outcome.ALERTED: "ALERT", Outcome.UPDATED: "UPDATE", Outcome.DIGEST: "DIGEST"}
    return told.get(outcome) or f"no alert ({outcome.value})"


def _topics(one: Verdict) -> str:
    if not one.tagging.topics:
        return "none"
    return f"{', '.join(sorted(one.tagging.topics))} ({one.tagging.severity.label})"


def evidence(matches: Iterable[Match]) -> list[str]:
    """A line for each topic and rule: what it went by, and in which field."""
    by_rule: dict[tuple[str, str], list[str]] = {}
    for match in matches:
        named = f" = {match.name} ({match.entity})" if match.name else ""
        words = f'"{match.text}"{named} in the {match.field}'
        by_rule.setdefault((match.topic, match.rule), []).append(words)
    return [f"{topic}, rule {rule}: {', '.join(words)}" for (topic, rule), words in by_rule.items()]


def labelled(label: str, texts: Iterable[str]) -> list[str]:
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


def story(stored: StoredStory, *, brief: bool = False) -> str:
    """Why a remembered story was told, or to nobody; `brief`: what its entries say is left out."""
    one = stored.story
    lines = [f"{one.id}: {plain(one.title)}"]
    lines += labelled("first", [f"{one.carrier.source}, {one.first_seen:%Y-%m-%d %H:%M} UTC"])
    others = [each.source for each in stored.carriers if each.feed != one.carrier.feed]
    lines += labelled("also", others)
    if not brief:
        lines += labelled("topics", [f"{', '.join(sorted(one.topics))} ({one.severity.label})"])
        lines += labelled("because", one.reasons)
        lines += labelled("evidence", evidence(one.matches))
    lines += labelled("settled", [", ".join(sorted(stored.told)) or "with no receiver"])
    return "\n".join(lines)


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
