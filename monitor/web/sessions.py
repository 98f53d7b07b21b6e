"""Who has shown the token, and who tries too often. All of it is gone when the process ends."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

# Seconds that a session lasts; sessions, and addresses that guessed wrongly, kept at most.
LASTING, _SESSIONS, _ADDRESSES = 12 * 3_600, 1_000, 1_000
# Wrong tokens that an address may send in so many seconds.
_TRIES, WINDOW = 5, 60.0


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has shown the token; `form` stands in each of their forms. `ends`: by the
    process's own clock.
    """

    form: str = field(repr=False)
    ends: float

    def wrote(self, form: str) -> bool:
        """Whether a form is one of theirs; takes the same time whatever it is."""
        return hmac.compare_digest(form.encode(), self.form.encode())


@dataclass
class Sessions:
    """`token` "" lets everybody look, and nobody do anything."""

    token: str = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _open: OrderedDict[str, Session] = field(default_factory=OrderedDict, repr=False)
    _wrong: OrderedDict[str, list[float]] = field(default_factory=OrderedDict, repr=False)

    @property
    def needed(self) -> bool:
        """Whether a token is asked for."""
        return bool(self.token)

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 for at once."""
        now = self.clock()
        recent = [at for at in self._wrong.get(address, ()) if now - at < WINDOW]
        return WINDOW - (now - recent[0]) if len(recent) >= _TRIES else 0.0

    def enter(self, token: str, address: str) -> str | None:
        """The cookie of a new session for who knows the token; None for who does not."""
        if not self.token or self.wait(address):
            return None
        # Digests are of one length, so that not even the token's can be measured.
        given, ours = (hashlib.sha256(one.encode()).digest() for one in (token, self.token))
        if not hmac.compare_digest(given, ours):
            self._note(address)
            return None
        cookie = secrets.token_urlsafe(32)
        self._open[cookie] = Session(secrets.token_urlsafe(32), self.clock() + LASTING)
        while len(self._open) > _SESSIONS:
            self._open.popitem(last=False)
        return cookie

    def _note(self, address: str) -> None:
        now = self.clock()
        recent = [at for at in self._wrong.pop(address, ()) if now - at < WINDOW]
        self._wrong[address] = [*recent, now]
        while len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, while it lasts."""
        found = self._open.get(cookie)
        if found and found.ends <= self.clock():
            del self._open[cookie]
            return None
        return found

    def leave(self, cookie: str) -> None:
        """End a session."""
        self._open.pop(cookie, None)
