"""How often a candidate rulebook differs from the live one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.edges.store import keys
from monitor.edges.store.connection import Connected

# Seconds that counts are kept after the last one.
_TTL = 30 * 86_400
# What else the hash holds: which candidate is counted, and since when.
RULEBOOK, SINCE = "rulebook", "since"

# KEYS: the counts. ARGV: the candidate's version, now, seconds to keep them; then names and counts.
# With another candidate they begin anew.
_COUNT = """
if redis.call('HGET', KEYS[1], 'rulebook') ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'rulebook', ARGV[1], 'since', ARGV[2])
end
for i = 4, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""


class Shadows(Connected):
    """Counts of one candidate, by kind of difference."""

    def count_shadow(self, rulebook: str, counts: Mapping[str, int], now: datetime) -> None:
        """Add to the counts of the candidate of this version."""
        given: list[str | int | float] = [rulebook, now.timestamp(), _TTL]
        given += [part for pair in counts.items() for part in pair]
        with self.reached():
            self._redis.register_script(_COUNT)(keys=[keys.SHADOW], args=given)


def shadow_counts(redis: Any) -> dict[str, str]:
    """What was counted, read over an open connection; nothing where nothing was."""
    found: dict[str, str] = redis.hgetall(keys.SHADOW)
    return found
