"""Logging in with the token, and out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web

from monitor.web.asking import Asked
from monitor.web.sessions import LASTING
from monitor.web.site import COOKIE, Site

# A page of ours: two strokes, or a backslash, would lead elsewhere.
_OURS = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


@dataclass
class Login:
    """The handlers."""

    site: Site

    async def form(self, request: web.Request) -> web.Response:
        """The form that asks for the token."""
        next_ = Asked(request.query, ("next",)).text("next")
        if not self.site.sessions.needed:
            raise web.HTTPNotFound
        return self.site.page(request, "login.html", next=_ours(next_), said="")

    async def enter(self, request: web.Request) -> web.Response:
        """A cookie for who knows the token."""
        given = await request.post()
        next_, address = _ours(str(given.get("next", ""))), request.remote or ""
        if wait := self.site.sessions.wait(address):
            said = f"Too many tries. Try again in {wait:.0f} seconds."
            answer = self.site.page(request, "login.html", 429, next=next_, said=said)
            answer.headers["Retry-After"] = f"{wait:.0f}"
            return answer
        cookie = self.site.sessions.enter(str(given.get("token", "")), address)
        if cookie is None:
            said = "This is not the token."
            return self.site.page(request, "login.html", 403, next=next_, said=said)
        answer = web.Response(status=303, headers={"Location": next_})
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=LASTING,
            httponly=True,
            samesite="Strict",
            secure=_by_tls(request),
        )
        return answer

    async def leave(self, request: web.Request) -> web.Response:
        """End the session."""
        self.site.sessions.leave(request.cookies.get(COOKIE, ""))
        answer = web.Response(status=303, headers={"Location": "/login"})
        answer.del_cookie(COOKIE)
        return answer


def _ours(path: str) -> str:
    return path if _OURS.fullmatch(path) else "/"


def _by_tls(request: web.Request) -> bool:
    """Whether a proxy in front of us speaks TLS with the browser, by its own word: who says so
    falsely only keeps their own cookie from themselves.
    """
    return request.headers.get("X-Forwarded-Proto", "") == "https"
