"""A rulebook proves itself: each rule's samples must and must not match."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.errors import BadInput, Fault
from monitor.core.models import Entry
from monitor.core.rulebook import Rule, Rulebook
from monitor.core.tagging import tag


def check_samples(rulebook: Rulebook) -> None:
    """Raise BadInput naming every rule whose samples do not come out as they say."""
    faults = [fault for rule in rulebook.rules for fault in _failing(rule, rulebook)]
    if faults:
        raise BadInput(faults)


def _failing(rule: Rule, rulebook: Rulebook) -> Iterator[Fault]:
    for wanted, samples in ((True, rule.must_match), (False, rule.must_not_match)):
        for sample in samples:
            tagging = tag(Entry(feed="", id="", title=sample), rulebook)
            if (rule.id in {one.rule for one in tagging.matches}) is not wanted:
                says = "must match, but does not" if wanted else "must not match, but does"
                hint = "; ".join(tagging.misses if wanted else tagging.reasons)
                yield Fault(f"rules.toml: rule {rule.id}", f"{says}: {sample}", hint)
