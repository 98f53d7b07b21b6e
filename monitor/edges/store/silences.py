"""The silences that people set while the service runs."""

from __future__ import annotations

from datetime import datetime

from monitor.core.models import Silence
from monitor.edges.store import keys
from monitor.edges.store.connection import Connected
from monitor.edges.store.records import SILENCE


class Silences(Connected):
    """Silences, by their ids."""

    def silences(self, now: datetime) -> tuple[Silence, ...]:
        """Those in force, the first to end first; those that ended are forgotten."""
        with self.reached():
            found = [SILENCE.validate_json(one) for one in self._redis.hvals(keys.SILENCES)]
            if over := [one.id for one in found if one.until <= now]:
                self._redis.hdel(keys.SILENCES, *over)
        return tuple(sorted((one for one in found if one.until > now), key=lambda one: one.until))

    def add_silence(self, silence: Silence) -> None:
        """Set a silence; one of the same id is replaced."""
        with self.reached():
            line = SILENCE.dump_json(silence, exclude_defaults=True)
            self._redis.hset(keys.SILENCES, silence.id, line)

    def remove_silence(self, silence_id: str) -> bool:
        """End a silence; False when there is none of this id."""
        with self.reached():
            return bool(self._redis.hdel(keys.SILENCES, silence_id))
