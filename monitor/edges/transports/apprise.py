"""Any of the services that Apprise knows (github.com/caronc/apprise, "Supported Notifications").

What an alert says goes there as plain text, which Apprise escapes for most services; but some
still read mentions and links in it (Discord, Mattermost, Google Chat), so those are broken by a
character of no width. Other formatting that a service reads in plain text stays.

Apprise connects by itself, through `requests` mostly. The guard watches what its thread dials
(edges/net/dialling, with its limits), redirects are not followed, and a repetition is ours to
decide on. Of why it failed Apprise tells no more than an HTTP status, in its log.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

import httpx

from monitor.core.models import Attempt, Delivery, Receiver
from monitor.core.wording import put
from monitor.edges.net import AllowList
from monitor.edges.net.dialling import watched
from monitor.edges.transports.base import Channel, Transport, Wrong
from monitor.edges.transports.layout import lines
from monitor.edges.transports.plaintext import below, heading
from monitor.edges.transports.posting import DEADLINE, judge

if TYPE_CHECKING:
    import apprise

_EXTRA = 'pip install "monitor[apprise]"'
# These write URLs, or parts of them, into their logs. Apprise's own warnings are read here, and
# go nowhere else.
_TALKATIVE = ("paho", "requests", "slixmpp", "smpplib", "urllib3")
_NEVER = logging.CRITICAL + 1
# How its plug-ins tell of an HTTP status, in a line of their log.
_STATUS = re.compile(r"\berror=(\d{3})\b")
# Whether a URL says what is to become of a text that is too long.
_OVERFLOW = re.compile(r"[?&]overflow=", re.IGNORECASE)
# Reports in a digest: a service with room for less gets several messages.
_REPORTS = 10


class Apprise:
    """Notifies the service behind one URL, which is the secret."""

    def __init__(
        self, url: str, name: str, allow: AllowList, *, deadline: float = DEADLINE
    ) -> None:
        self._url, self._name = url, name
        self._allow, self._deadline = allow, deadline

    async def send(self, delivery: Delivery, now: datetime) -> Attempt:
        """Notify once, in a thread; what it still does after the deadline is not waited for."""
        if self._name in _under_way:
            return Attempt(ok=False, detail="the attempt before this one is still under way")
        loop = asyncio.get_running_loop()
        started = loop.time()
        shown = lines(put(delivery.alert, now))
        title, body = heading(shown, _word), "\n".join(below(shown, _word, _link))
        try:
            async with asyncio.timeout(self._deadline):
                attempt = await _in_thread(self._name, lambda: self._notify(title, body))
        except TimeoutError:
            attempt = Attempt(ok=False, detail="no answer came in time", uncertain=True)
        return replace(attempt, seconds=loop.time() - started)

    def _notify(self, title: str, body: str) -> Attempt:
        library = _library()
        with watched(self._allow) as watch:
            sender = library.Apprise(asset=_asset(library))
            sender.add(_service(library, self._url, self._deadline))
            result = sender.notify(body, title, body_format=library.NotifyFormat.TEXT)
            if result:
                return Attempt(ok=True, detail="Apprise says that it was sent")
            if watch.refused:
                return Attempt(ok=False, detail=watch.refused)
            return _failed(entry.message for entry in result.logs())


def _failed(said: Iterable[str]) -> Attempt:
    """What a failure means, where Apprise tells of one HTTP status; nothing it says is shown."""
    found = {int(told[1]) for line in said for told in _STATUS.finditer(line)}
    statuses = [one for one in found if 300 <= one < 600]
    if len(statuses) == 1:
        return judge(statuses[0], "", None)
    return Attempt(ok=False, detail="Apprise could not send it; it does not say why")


# Receivers with an attempt under way in this process, after its deadline too.
_under_way: set[str] = set()


async def _in_thread(name: str, work: Callable[[], Attempt]) -> Attempt:
    # A daemon of its own: the loop's pool would be waited for at its end, however long it hangs.
    answer: Future[Attempt] = Future()
    answer.set_running_or_notify_cancel()
    threading.Thread(target=_run, args=(name, work, answer), daemon=True).start()
    return await asyncio.wrap_future(answer)


def _run(name: str, work: Callable[[], Attempt], answer: Future[Attempt]) -> None:
    _under_way.add(name)
    try:
        outcome: Attempt | BaseException = work()
    except BaseException as error:  # noqa: BLE001 - raised again where the answer is awaited
        outcome = error
    # Before the answer: whoever hears it may make the next attempt at once.
    _under_way.discard(name)
    if isinstance(outcome, Attempt):
        answer.set_result(outcome)
    else:
        answer.set_exception(outcome)


# -- texts ---------------------------------------------------------------------------

# A mention begins with @ or <, a link of Markdown has ]( or ][ or ]: in it.
_BREAK = str.maketrans({"@": "@\u200b", "<": "<\u200b", "]": "]\u200b"})
_CODED = str.maketrans({"@": "%40", "[": "%5B", "]": "%5D"})


def _word(text: str) -> str:
    """A stranger's text that mentions nobody and links to nothing but what it shows."""
    return text.translate(_BREAK)


def _link(url: str) -> str:
    """The same for a URL: after its host, these characters may be encoded as well."""
    end = url.index("//") + len("//") + len(urlsplit(url).netloc)
    return url[:end] + url[end:].translate(_CODED)


# -- the library ---------------------------------------------------------------------


def _library() -> Any:
    """Apprise, imported when it is needed, and silenced; raises ImportError without it."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(_NEVER)
    own = logging.getLogger("apprise")
    own.setLevel(logging.WARNING)
    own.propagate = False
    if not own.handlers:
        own.addHandler(logging.NullHandler())
    return importlib.import_module("apprise")


def _asset(library: Any) -> apprise.AppriseAsset:
    """Settings: no redirects, nothing on disk, and all of it in the thread that asks."""
    asset: apprise.AppriseAsset = library.AppriseAsset(
        async_mode=False, http_redirects=False, service_timeout=0, storage_mode="memory"
    )
    return asset


def _service(library: Any, url: str, deadline: float) -> apprise.NotifyBase | None:
    """What a URL stands for, or None; options in it cannot undo what we rely on."""
    service: apprise.NotifyBase | None = library.Apprise.instantiate(url, asset=_asset(library))
    if service is None:
        return None
    # An "optional" service counts as notified even if it was not.
    service.optional, service.retry, service.redirects = False, 0, False
    # As patient as we are: when it gives up earlier, what came of it stays unknown.
    service.socket_read_timeout = deadline
    if not _OVERFLOW.search(url):
        service.overflow_mode = library.OverflowMode.SPLIT
    return service


def _check(receiver: Receiver) -> Iterator[Wrong]:
    url = receiver.options.get("url", "")
    try:
        library = _library()
    except ImportError:
        yield "type", "needs a library that is not there", _EXTRA
        return
    if not hasattr(library, "AppriseResult"):
        yield "type", "needs a newer Apprise", f"{_EXTRA} --upgrade"
    elif not url:
        yield "url", "is missing", "as in Apprise's list of services"
    elif len(url.split()) != 1 or _service(library, url, DEADLINE) is None:
        yield "url", "is no URL that Apprise knows", "one only, as in its list of services"


def _dial(receiver: Receiver, allow: AllowList) -> Transport:
    return Apprise(receiver.options["url"], receiver.name, allow)


def _build(receiver: Receiver, client: httpx.AsyncClient, out: TextIO | None) -> Transport:
    return _dial(receiver, AllowList())


CHANNEL = Channel(options=("url",), check=_check, build=_build, dial=_dial, reports=_REPORTS)
