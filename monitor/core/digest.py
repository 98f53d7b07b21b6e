"""Short stable names for long strings."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import blake2b


def digest(*parts: str) -> str:
    """Eleven URL-safe characters (64 bits of BLAKE2b) that name the parts in their order.

    Each part's length goes in too, so ("ab", "c") and ("a", "bc") differ. Lone
    surrogates, which feeds do hold, count like any other character.
    """
    state = blake2b(digest_size=8)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        state.update(len(raw).to_bytes(8, "big"))
        state.update(raw)
    return urlsafe_b64encode(state.digest()).decode("ascii").rstrip("=")


def delivery_id(story: str, receiver: str, *news: str) -> str:
    """The idempotency key of telling one story (or what is new in it) to one receiver: always
    the same.
    """
    return f"d_{digest(story, receiver, *news)}"
