"""What is wrong with a receiver is told at once, with a hint and without its secrets."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from monitor.core.models import Receiver
from monitor.edges.transports import TRANSPORTS, check
from tests.edges.transports.hook_double import NEXT_SECRET, SECRET

URL = "https://hooks.example/services/secret-token"


def _told(kind: str, **options: str) -> list[str]:
    faults = check(Receiver("desk", kind, options))
    told = [str(fault) for fault in faults]
    for value in options.values():
        assert len(value) < 6 or value not in "".join(told)
    return told


def _key(size: int) -> str:
    return "whsec_" + base64.b64encode(b"\xff" * size).decode()


def test_receivers_as_the_documentation_has_them_are_fine(tmp_path: Path) -> None:
    assert _told("console") == []
    assert _told("slack", url=URL) == []
    assert _told("webhook", url=URL, secret=SECRET) == []
    assert _told("webhook", url=URL, secret=f"{SECRET} {NEXT_SECRET}") == []
    assert _told("webhook", url=URL, secret=f"{_key(24)} {_key(64)}") == []
    assert _told("file", path=str(tmp_path / "alerts.jsonl")) == []


def test_an_unknown_channel_is_told_with_the_nearest_known() -> None:
    assert _told("Slak") == [
        "receivers.desk.type: there is no channel 'Slak' (did you mean slack?)"
    ]
    assert _told("SLACK")[0].endswith("(did you mean slack?)")
    (fault,) = _told("pigeon")
    assert fault.endswith(f"(known: {', '.join(TRANSPORTS)})")


def test_an_unknown_option_is_told_with_the_nearest_known() -> None:
    assert _told("slack", url=URL, alow_http="true") == [
        "receivers.desk.alow_http: there is no such option (did you mean allow_http?)"
    ]
    common = "pace, storm, timezone, quiet, quiet_unless, digest)"
    assert _told("slack", url=URL, zebra="x")[0].endswith(
        f"(known: url, allow_http, token, channel, {common}"
    )
    assert _told("console", colour="red")[0].endswith(f"(known: {common}")
    assert _told("console", quiett="22:00-06:00")[0].endswith("(did you mean quiet?)")


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("slack", ["url"]), ("webhook", ["url", "secret"]), ("file", ["path"]), ("console", [])],
)
def test_a_missing_option_is_told(kind: str, missing: list[str]) -> None:
    wheres = [fault.where for fault in check(Receiver("desk", kind))]
    assert wheres == [f"receivers.desk.{key}" for key in missing]


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example/secret-token",
        "ftp://hooks.example/secret-token",
        "https:///secret-token",
        "https://hooks.example:99999/secret-token",
        "https://hooks.example:0/secret-token",
        "https://[hooks/secret-token",
        "https://hooks.example/secret token",
        "https://hooks.example/secret\ttoken",
    ],
)
def test_an_address_that_cannot_be_posted_to_is_told(url: str) -> None:
    assert _told("slack", url=url) == ["receivers.desk.url: is not a web address (https://...)"]


@pytest.mark.parametrize("kind", ["slack", "webhook"])
def test_http_is_for_this_machine_or_where_it_is_allowed(kind: str) -> None:
    secret = {"secret": SECRET} if kind == "webhook" else {}
    far = "http://hooks.example/secret-token"
    assert _told(kind, url=far, **secret) == [
        "receivers.desk.url: is not https (allow_http = true if that is meant)"
    ]
    assert _told(kind, url=far, allow_http="true", **secret) == []
    assert _told(kind, url=far, allow_http="maybe", **secret)[0] == (
        "receivers.desk.allow_http: is neither true nor false"
    )
    for near in ("127.0.0.1:8000", "[::1]:8000", "localhost"):
        assert _told(kind, url=f"http://{near}/hook", **secret) == []


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("c2VjcmV0LW9mLXRoZS10ZXN0cy0xMjM0NTY3ODkw", "does not begin with whsec_"),
        ("whsec_not-base64-at-all!", "is not base64 after whsec_"),
        ("whsec_привет", "is not base64 after whsec_"),
        (_key(23), "holds 23 bytes"),
        (_key(65), "holds 65 bytes"),
        (f"{SECRET} {_key(3)}", "holds 3 bytes"),
    ],
)
def test_a_secret_of_the_wrong_form_is_told_and_not_shown(secret: str, why: str) -> None:
    assert _told("webhook", url=URL, secret=secret) == [
        f"receivers.desk.secret: {why} (whsec_ and then 24 to 64 random bytes in base64)"
    ]


def test_a_file_needs_a_folder(tmp_path: Path) -> None:
    for path in (str(tmp_path / "no" / "alerts.jsonl"), "a\0b"):
        assert _told("file", path=path) == [
            "receivers.desk.path: its folder does not exist (make the folder first)"
        ]


def test_a_slack_bot_needs_a_bot_token_and_a_channel() -> None:
    assert _told("slack", token="xoxb-1", channel="C1") == []
    told = _told("slack", token="hush-hush", url="ftp://x")
    assert [one.partition(": ")[0] for one in told] == [
        "receivers.desk.token",
        "receivers.desk.channel",
        "receivers.desk.url",
    ]
    assert "hush" not in "".join(told)
