"""What a later report adds to an event: more victims, a reaction, a graver turn. Pure.

Facts are short strings: "killing 12", "#claim", "p:kidal", "severity 4", "topic russia-sahel".
An event knows the facts of all its stories; what a title says beyond them is news.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from monitor.core.models import Fingerprint, Severity, Tagging

# Concepts of the lexicon that take an event further when a title begins to speak of them, as
# people would say it.
_TURNS: Mapping[str, str] = {
    "claim": "responsibility is claimed",
    "deny": "a denial",
    "confirm": "a confirmation",
    "condemn": "a condemnation",
    "arrest": "arrests",
    "release": "a release",
    "resign": "a resignation",
    "dismiss": "a dismissal",
    "appoint": "an appointment",
    "sanction": "sanctions",
    "liftsanctions": "sanctions lifted",
    "expel": "an expulsion",
    "recall": "an envoy recalled",
    "sever": "relations broken off",
    "withdrawal": "a withdrawal",
    "deploy": "a deployment",
    "agreement": "an agreement",
    "ceasefire": "a ceasefire",
    "dissolve": "a dissolution",
    "capture": "a place taken",
    "airspace": "airspace",
    "evacuation": "an evacuation",
    "verdict": "a verdict",
    "deathsentence": "a death sentence",
    "assassination": "an assassination",
}
# The concept of texts that were corrected or withdrawn.
CORRECTION = "correction"
_COUNTED: Mapping[str, str] = {
    "killing": "killed",
    "wounding": "wounded",
    "kidnapping": "kidnapped",
    "arrest": "arrested",
    "missing": "missing",
}


def facts(one: Fingerprint, tagging: Tagging, subjects: Iterable[str]) -> frozenset[str]:
    """All facts of a text; `subjects`: the topics whose beginning is news."""
    return frozenset(
        (
            *one.counts,
            *(f"#{concept}" for concept in one.concepts),
            *one.names,
            *(f"topic {topic}" for topic in tagging.topics.intersection(subjects)),
            f"severity {int(tagging.severity)}",
        )
    )


def news(one: Fingerprint, told: frozenset[str], known: frozenset[str]) -> tuple[str, ...]:
    """What a text with the facts `told` says beyond the known ones, in words; a turn counts
    only where its title speaks of it.
    """
    fresh = told - known
    turns = [_TURNS[name] for name in sorted(one.headed) if f"#{name}" in fresh and name in _TURNS]
    return (*_tolls(fresh, known), *turns, *_topics(fresh), *_graver(fresh, known))


def adds_nothing(one: Fingerprint, told: frozenset[str], known: frozenset[str]) -> bool:
    """Whether a title names nobody and nothing that an event does not know: comment on it, and
    no turn of it.
    """
    said = {f"#{concept}" for concept in one.headed} | one.titled
    return said <= known and not news(one, told, known)


def changes(one: Fingerprint, before: Fingerprint, known: frozenset[str]) -> tuple[str, ...]:
    """What an edited text says otherwise than before: lower or other numbers than anybody
    gave, and that it was corrected.
    """
    counts = [
        f"{_listed(now)} {words}, not {_listed(old)} as told before"
        for what, words in _COUNTED.items()
        if (now := _values(one.counts, what))
        and (old := _values(before.counts, what))
        and max(now) < max(old)
        and max(now) not in _values(known, what)
    ]
    corrected = ["it says it was corrected"] if CORRECTION in one.concepts - before.concepts else []
    return (*counts, *corrected)


def _tolls(fresh: frozenset[str], known: frozenset[str]) -> Iterator[str]:
    """Counts that are above all that were known."""
    for what, words in _COUNTED.items():
        most, before = max(_values(fresh, what), default=0), max(_values(known, what), default=0)
        if most > before:
            yield f"{most:,} {words}" + (f" ({before:,} before)" if before else "")


def _topics(fresh: frozenset[str]) -> list[str]:
    return sorted(f"now {one[6:]}" for one in fresh if one.startswith("topic "))


def _graver(fresh: frozenset[str], known: frozenset[str]) -> Iterator[str]:
    now, before = max(_values(fresh, "severity"), default=0), max(_values(known, "severity"))
    if now > before and now >= Severity.HIGH:
        yield f"now {Severity(now).label}"


def _values(found: frozenset[str], what: str) -> list[int]:
    return sorted(int(one.split(" ")[1]) for one in found if one.startswith(f"{what} "))


def _listed(values: Iterable[int]) -> str:
    return ", ".join(f"{one:,}" for one in values)
