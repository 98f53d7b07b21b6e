"""What was counted since the store is: polls, entries, alerts, attempts ...; labels are words of
ours and the names of receivers.
"""

from __future__ import annotations

from collections.abc import Mapping

from monitor.edges.store import keys
from monitor.edges.store.connection import Connected

# Between the name of a count and its labels; none of them holds it.
_MARK = "|"


def counter(name: str, *labels: str) -> str:
    """What a count is called in the store."""
    return _MARK.join((name, *labels))


def labelled(found: Mapping[str, int], name: str) -> dict[tuple[str, ...], int]:
    """The counts of one name, by their labels."""
    parted = ((tuple(one.split(_MARK)), by) for one, by in found.items())
    return {labels[1:]: by for labels, by in parted if labels[0] == name}


class Counts(Connected):
    """The counts that processes gathered and handed over."""

    def count(self, counted: Mapping[str, int]) -> None:
        """Add to what was counted, in one round trip; the names are those of `counter`."""
        with self.reached():
            pipe = self._redis.pipeline(transaction=False)
            for name, by in counted.items():
                pipe.hincrby(keys.COUNTED, name, by)
            pipe.execute()
