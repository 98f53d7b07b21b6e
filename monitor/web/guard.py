"""Who may ask what, and what every answer says to a browser.

A page must be asked for by a name that is ours: else any site could make a browser read it, by
having its own name lead to this address (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from monitor.core.errors import Unavailable
from monitor.web.asking import Wrong
from monitor.web.site import STATIC, Site

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": "monitor",
}
# What machines ask, and what the page to log in needs; all else is closed where a token is set.
_MACHINES = {"/healthz", "/readyz", "/metrics"}
_OPEN = {"/login", *(f"/{name}" for name in STATIC)}

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Guard:
    """What stands around all pages. `names`: those that we go by, beside plain addresses.
    `trouble` hears of bugs, and of a store that is away.
    """

    site: Site
    names: frozenset[str]
    trouble: Callable[[Exception], None]

    async def __call__(self, request: web.Request, answer: Answering) -> web.StreamResponse:
        """The answer, or the page that says why there is none."""
        try:
            return await self._answered(request, answer)
        except Wrong as wrong:
            return self.site.sorry(request, 400, str(wrong))
        except web.HTTPRedirection:
            raise
        except web.HTTPException as error:
            said = _SAYS.get(error.status, error.reason)
            return self.site.sorry(request, error.status, said)
        except Unavailable as away:
            self.trouble(away)
            said = f"Nothing can be shown just now: {away}. Try again in a moment."
            return self.site.sorry(request, 503, said)
        except Exception as error:  # noqa: BLE001 - told there
            self.trouble(error)
            return self.site.sorry(request, 500, "The log of “monitor web” says what went wrong.")

    async def _answered(self, request: web.Request, answer: Answering) -> web.StreamResponse:
        if not self._named(request):
            return self.site.sorry(request, 421, _UNKNOWN)
        if request.path not in _MACHINES and (closed := self._closed(request)):
            return closed
        if request.method == "POST":
            await self._check_form(request)
        return await answer(request)

    def _named(self, request: web.Request) -> bool:
        """Whether we were asked by a name of ours; an address is nobody's name."""
        host = _host(f"//{request.headers.get('Host', '')}")
        try:
            return bool(ip_address(host))
        except ValueError:
            return host in self.names

    def _closed(self, request: web.Request) -> web.Response | None:
        """Where to go first for who has not shown the token."""
        sessions = self.site.sessions
        if not sessions.needed or request.path in _OPEN or self.site.session(request):
            return None
        if request.method == "POST":
            return self.site.sorry(request, 403, "Log in first; your session may have ended.")
        back = "" if request.path_qs == "/" else f"?{urlencode({'next': request.path_qs})}"
        return web.Response(status=303, headers={"Location": f"/login{back}"})

    async def _check_form(self, request: web.Request) -> None:
        """Refuse a form that another site sent, or that was not made for this session."""
        if not self.site.sessions.needed:
            raise web.HTTPForbidden
        if _foreign(request):
            raise web.HTTPForbidden
        form = await _read(request)
        if request.path == "/login":
            return
        session = self.site.session(request)
        if session is None or not session.wrote(str(form.get("form", ""))):
            raise web.HTTPForbidden


async def dress(request: web.Request, answer: web.StreamResponse) -> None:
    """Headers that every answer has (a signal of the app)."""
    del request
    for name, value in _HEADERS.items():
        answer.headers[name] = value
    answer.headers.setdefault("Cache-Control", "no-store")


async def _read(request: web.Request) -> Mapping[str, object]:
    """The fields of a form, which are kept for who asks for them next."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise Wrong("What was sent is no form of ours.")
    try:
        return await request.post()
    except (ValueError, LookupError):
        raise Wrong("What was sent cannot be read.") from None


def _foreign(request: web.Request) -> bool:
    """Whether a browser says that another site sent this. For our own forms it names no origin
    ("null"), since our pages are to leave no trace with others (Referrer-Policy).
    """
    site, origin = (request.headers.get(name, "") for name in ("Sec-Fetch-Site", "Origin"))
    if origin not in ("", "null"):
        return urlsplit(origin).netloc.lower() != request.headers["Host"].lower()
    return site not in ("", "same-origin", "none")


def _host(netloc: str) -> str:
    try:
        return (urlsplit(netloc).hostname or "").rstrip(".")
    except ValueError:
        return ""


_UNKNOWN = (
    "This page does not go by the name in your address bar. If it should, "
    "add the name to hosts in the [web] table of the configuration."
)
_SAYS = {
    403: "This form is too old, or comes from another site. Go back, reload the page, try again.",
    404: "Nothing has this address, or what had it was forgotten since.",
    405: "This address cannot be asked in this way.",
    413: "More was sent than any form here has.",
}
