"""The names of all keys, in one place. `{prefix}` keeps us apart from others' keys.

format        string  the version by which all this is written
feed:K        hash    rev, url, host (of a feed that moved), state (JSON)  expires when not polled
seen:K        hash    entry id -> "text|seconds|story|link"       capped by the commit, expires
due           zset    feed K -> when it is to be polled next; a lease is a later time
hosts         zset    host -> when it may be asked again          trimmed at each claim
held          zset    host in somebody's hands -> until when      trimmed at each claim
failing       hash    feed K that cannot be read or is silent -> its outcome, or that it is
hushed        hash    feed K that was told to be silent -> since when  as many as feeds at most
homes         hash    address that a feed moved to -> feed K
subscription:K  hash  rev, record (hub, topic, token, secret, state ... as JSON)
websub:due    zset    feed K -> when something is to be done for its subscription
websub:states hash    feed K -> state of its subscription
websub:left:T string  topic of the subscription of token T that was ended  expires
websub:first  hash    push, poll -> entries that it brought first
websub:dropped hash   reason -> pushes that were not used
story:S       hash    story (JSON), by:K (carrier JSON), told:R  expires
event:E       hash    rev, facts, by:K (carrier JSON), told:R    expires
print:S       string  event, entry and fingerprint of story S    expires with the copy window
near:BLOCK    zset    story -> its number                        capped, expires with a window
told:DAY      hash    name or concept -> in how many stories of the day it stands
remembered    string  how many stories were ever remembered
claim:NAME    string  story id, for a link or a text             expires
stories       zset    story id -> first seen                     trimmed by the sweep
delivery:D    hash    alert (JSON), receiver, state, tries, try:N (attempt JSON) ...  expires
bundle:B      list    deliveries that go out as one message      expires
outbox:R      zset    delivery id -> when to send it next; a lease is a later time
deliveries    zset    delivery id -> when it was decided         trimmed by the sweep
dead          zset    delivery id -> when it was given up        trimmed by the sweep
ended         zset    delivery id -> when it was sent or given up  trimmed by the sweep
count:R       hash    delivery state -> how many; trouble -> last failure
condition:R   string  how receiver R is doing (JSON)
silences      hash    id -> silence (JSON)                       trimmed when read
lease:NAME    string  who works on NAME just now                 expires
shadow        hash    rulebook, since, and counts of a handful of kinds  expires
alive         hash    process -> when it last did its work
canary        string  since when a canary is missed, while one is
latency       list    seconds from first sight to delivered      capped
archive       list    what polls decided (sheets.py), a line each  sealed by the sweep
sealed:HOUR   list    lines of an hour, packed                   given up by the sweep
archived:HOUR list    of each of these chunks the names of its entries  goes with it
archive:bytes hash    hour -> bytes of the two above             goes with them
archive:count hash    hour -> entries in them                    goes with them
counted       hash    "NAME|LABEL|..." -> how often; few names, labels are words and receivers
spent:PART    hash    number of a bound -> deliveries whose part took no longer; ms -> their sum
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from monitor.core.digest import digest

PREFIX = "monitor:"

FORMAT = f"{PREFIX}format"
FEED = f"{PREFIX}feed:"
DUE = f"{PREFIX}due"
HOSTS = f"{PREFIX}hosts"
HELD = f"{PREFIX}held"
FAILING = f"{PREFIX}failing"
HUSHED = f"{PREFIX}hushed"
HOMES = f"{PREFIX}homes"
WEBSUB_DUE = f"{PREFIX}websub:due"
WEBSUB_STATES = f"{PREFIX}websub:states"
WEBSUB_FIRST = f"{PREFIX}websub:first"
WEBSUB_DROPPED = f"{PREFIX}websub:dropped"
STORIES = f"{PREFIX}stories"
DELIVERIES = f"{PREFIX}deliveries"
DELIVERY = f"{PREFIX}delivery:"
DEAD = f"{PREFIX}dead"
ENDED = f"{PREFIX}ended"
COUNT = f"{PREFIX}count:"
SILENCES = f"{PREFIX}silences"
ALIVE = f"{PREFIX}alive"
CANARY = f"{PREFIX}canary"
LATENCY = f"{PREFIX}latency"
COUNTED = f"{PREFIX}counted"
ARCHIVE = f"{PREFIX}archive"
ARCHIVE_BYTES = f"{PREFIX}archive:bytes"
ARCHIVE_COUNTS = f"{PREFIX}archive:count"
RECEIVERS = f"{PREFIX}receivers"
REMEMBERED = f"{PREFIX}remembered"
SHADOW = f"{PREFIX}shadow"
PRINT = f"{PREFIX}print:"
# Celery's own keys (queues, bindings) live under this prefix, apart from ours.
BROKER_PREFIX = f"{PREFIX}celery:"


def feed(key: str) -> str:
    """State of one feed."""
    return f"{FEED}{key}"


def seen(key: str) -> str:
    """What one feed has shown."""
    return f"{PREFIX}seen:{key}"


def subscription(key: str) -> str:
    """The subscription to one feed's hub."""
    return f"{PREFIX}subscription:{key}"


def left(token: str) -> str:
    """A subscription that was ended."""
    return f"{PREFIX}websub:left:{token}"


def story(story_id: str) -> str:
    """One story with its carriers and the receivers that are settled."""
    return f"{PREFIX}story:{story_id}"


def event(event_id: str) -> str:
    """One event: whom it was told to, what is known of it, who carries it."""
    return f"{PREFIX}event:{event_id}"


def told(day: date) -> str:
    """How often things are told on a day."""
    return f"{PREFIX}told:{day.isoformat()}"


@lru_cache(maxsize=16_384)
def near(block: str) -> str:
    """The stories under one name; a digest of it, for there are many of these keys."""
    return f"{PREFIX}near:{digest(block)}"


def claim(name: str) -> str:
    """The story that holds a link or a text."""
    return f"{PREFIX}claim:{name}"


def delivery(delivery_id: str) -> str:
    """One delivery."""
    return f"{DELIVERY}{delivery_id}"


def bundle(name: str) -> str:
    """The deliveries that go out as one message."""
    return f"{PREFIX}bundle:{name}"


def outbox(receiver: str) -> str:
    """What waits to be sent to one receiver."""
    return f"{PREFIX}outbox:{receiver}"


def count(receiver: str) -> str:
    """How many deliveries of one receiver are in which state."""
    return f"{COUNT}{receiver}"


def condition(receiver: str) -> str:
    """How a receiver is doing."""
    return f"{PREFIX}condition:{receiver}"


def sealed(hour: str) -> str:
    """The packed entries of an hour."""
    return f"{PREFIX}sealed:{hour}"


def names(hour: str) -> str:
    """The names that the packed entries of an hour are found by."""
    return f"{PREFIX}archived:{hour}"


def spent(part: str) -> str:
    """How long one part of deliveries took."""
    return f"{PREFIX}spent:{part}"


def lease(name: str) -> str:
    """Who holds a named lease."""
    return f"{PREFIX}lease:{name}"
