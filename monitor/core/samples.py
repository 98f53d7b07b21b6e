"""A rulebook proves itself: each rule's samples must and must not match."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Entry
from monitor.core.rulebook import Rule, Rulebook, Sample
from monitor.core.tagging import tag


def check_samples(rulebook: Rulebook) -> None:
    """Raise BadInput naming every rule whose samples do not come out as they say."""
    faults = [fault for rule in rulebook.rules for fault in _failing(rule, rulebook)]
    if faults:
        raise BadInput(faults)


def _failing(rule: Rule, rulebook: Rulebook) -> Iterator[Fault]:
    for sample in rule.samples:
        tagging = tag(_entry(sample), rulebook)
        if (rule.id in {one.rule for one in tagging.matches}) is not sample.wanted:
            says = "must match, but does not" if sample.wanted else "must not match, but does"
            hint = "; ".join(tagging.misses if sample.wanted else tagging.reasons)
            where = f"rules.toml: rule {rule.id}"
            yield Fault(where, f"{says}: {sample.text} ({sample.language})", hint)


def _entry(sample: Sample) -> Entry:
    title, _, summary = sample.text.partition("\n")
    return Entry(feed="", id="", title=title, summary=summary, language=sample.language)
