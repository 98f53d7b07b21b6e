"""What hubs may say, and what follows from it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from monitor.core import websub
from monitor.core.models import Hub
from monitor.core.websub import Drop, Endpoint, Heard, Stage, Subscription
from tests import make

HUB = Hub("https://hub.example/", "https://sahel.example/feed")
LEASE = timedelta(days=10)
ENDPOINT = Endpoint("https://us.example/push", "127.0.0.1", 8780, LEASE)


def wanted(**more: Any) -> Subscription:
    return replace(Subscription("f", HUB, "f.token", "the-secret", make.NOW), **more)


def hear(one: Subscription, seconds: float = 5, jitter: float = 0.5, **said: Any) -> Heard:
    fields = {"hub.topic": HUB.topic} | {f"hub.{name}": text for name, text in said.items()}
    return websub.hear(one, fields, LEASE, make.at(seconds), jitter)


def verified(seconds: float = 5, **said: Any) -> Subscription:
    """Asked at NOW, verified after so many seconds."""
    heard = hear(websub.ask(wanted(), make.NOW), seconds, mode="subscribe", challenge="c", **said)
    assert heard.after is not None
    return heard.after


def test_a_form_names_address_topic_secret_and_lease() -> None:
    assert websub.form(HUB.topic, "f.token", ENDPOINT, "s") == {
        "hub.callback": "https://us.example/push/f.token",
        "hub.mode": "subscribe",
        "hub.topic": HUB.topic,
        "hub.secret": "s",
        "hub.lease_seconds": "864000",
    }


def test_a_form_that_ends_a_subscription_tells_no_secret() -> None:
    form = websub.form(HUB.topic, "f.token", ENDPOINT)
    assert form["hub.mode"] == "unsubscribe"
    assert "hub.secret" not in form


def test_what_was_asked_for_is_confirmed_with_the_challenge() -> None:
    one = websub.ask(wanted(), make.NOW)
    assert (one.state, one.waits, one.due) == (Stage.ASKED, True, make.at(3_600))
    heard = hear(one, mode="subscribe", challenge="c" * 2_048, lease_seconds="86400")
    assert (heard.status, heard.said) == (200, "c" * 2_048)
    after = heard.after
    assert after is not None
    assert (after.state, after.waits, after.revision) == (Stage.VERIFIED, False, 3)
    assert after.expires == make.at(5 + 86_400)
    assert after.due == make.at(5 + 0.8 * 86_400)


@pytest.mark.parametrize(
    ("said", "lease"),
    [
        ("", LEASE),
        ("soon", LEASE),
        ("-5", LEASE),
        ("0", websub.SHORTEST),
        ("599", websub.SHORTEST),
        ("999999999999", websub.LONGEST),
        ("9999999999999", LEASE),
        ("3600", timedelta(hours=1)),
    ],
)
def test_the_lease_that_a_hub_grants_holds_within_bounds(said: str, lease: timedelta) -> None:
    assert verified(lease_seconds=said).expires == make.at(5) + lease


@pytest.mark.parametrize(
    "said",
    [
        {"topic": "https://other.example/"},
        {"mode": "unsubscribe"},
        {"mode": ""},
        {"challenge": ""},
        {"challenge": "c" * 2_049},
    ],
)
def test_a_request_that_names_something_else_is_refused(said: dict[str, Any]) -> None:
    one = websub.ask(wanted(), make.NOW)
    assert hear(one, **{"mode": "subscribe", "challenge": "c", **said}) == websub.NOTHING


@pytest.mark.parametrize("seconds", [-1, 3_600, 86_400])
def test_what_nobody_asked_for_within_the_hour_is_refused(seconds: float) -> None:
    for one in (wanted(), websub.ask(wanted(), make.NOW)):
        assert hear(one, seconds, mode="subscribe", challenge="c") == websub.NOTHING


def test_a_hub_whose_answer_was_lost_may_ask_again() -> None:
    assert hear(verified(), 60, mode="subscribe", challenge="d").said == "d"


def test_a_denial_is_kept_with_its_reason_and_tried_again_in_a_day() -> None:
    one = websub.ask(wanted(), make.NOW)
    heard = hear(
        one, 0, 0.0, mode="denied", reason="no\nroom for the-secret at f.token" + "x" * 300
    )
    assert (heard.status, heard.said) == (200, "")
    after = heard.after
    assert after is not None
    assert (after.state, after.due, after.expires) == (Stage.DENIED, make.at(86_400), None)
    assert after.why.startswith("no room for *** at ***x")
    assert len(after.why) == 200
    assert hear(after, 5, mode="subscribe", challenge="c") == websub.NOTHING
    bare = hear(one, mode="denied").after
    assert bare is not None
    assert bare.why == "no reason given"


def test_a_denial_ends_a_subscription_that_held() -> None:
    after = hear(verified(), 99, mode="denied").after
    assert after is not None
    assert (after.state, after.expires) == (Stage.DENIED, None)


def test_failures_are_tried_again_ever_later_up_to_a_day() -> None:
    one, gaps = wanted(), []
    for _ in range(20):
        one = websub.failed(one, "away", make.NOW, 0.0)
        gaps.append((one.due - make.NOW).total_seconds())
    assert gaps[:4] == [300, 600, 1_200, 2_400]
    assert gaps[-1] == 86_400
    assert (one.state, one.why, one.tries) == (Stage.FAILED, "away", 20)


def test_a_hub_that_asks_for_patience_has_it_for_a_day_at_most() -> None:
    for asked, gap in ((7_200.0, 7_200), (1e9, 86_400), (5.0, 300)):
        assert websub.failed(wanted(), "503", make.NOW, 0.0, asked).due == make.at(gap)


def test_a_renewal_that_fails_leaves_what_holds() -> None:
    one = verified(lease_seconds="3600")
    again = websub.ask(one, make.at(3_000))
    assert (again.state, again.waits, again.expires) == (Stage.VERIFIED, True, one.expires)
    failed = websub.failed(again, websub.NEVER, make.at(3_100), 0.0)
    assert (failed.state, failed.waits, failed.expires) == (Stage.VERIFIED, False, one.expires)
    over = websub.ask(failed, make.at(4_000))
    assert (over.state, over.expires) == (Stage.ASKED, None)
    assert websub.failed(again, "x", make.at(4_000), 0.0).state is Stage.FAILED


def test_a_renewal_that_is_verified_lasts_from_then_on() -> None:
    again = websub.ask(verified(lease_seconds="3600"), make.at(3_000))
    after = hear(again, 3_005, mode="subscribe", challenge="c", lease_seconds="3600").after
    assert after is not None
    assert after.expires == make.at(6_605)


def test_a_subscription_that_was_left_may_be_ended_and_nothing_else() -> None:
    said = {"hub.topic": "t", "hub.mode": "unsubscribe", "hub.challenge": "c"}
    assert websub.hear_leaving("t", said) == Heard(200, "c")
    assert websub.hear_leaving("u", said) == websub.NOTHING
    assert websub.hear_leaving("t", said | {"hub.mode": "subscribe"}) == websub.NOTHING
    assert websub.hear_leaving("t", said | {"hub.challenge": ""}) == websub.NOTHING


def test_polling_learns_until_when_a_hub_pushes() -> None:
    state = websub.promised(make.state(3), make.at(60))
    assert (state.revision, state.push.until) == (4, make.at(60))


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_what_is_signed_with_the_secret_is_the_hubs(method: str) -> None:
    mac = hmac.new(b"the-secret", b"body", getattr(hashlib, method)).hexdigest()
    for header in (f"{method}={mac}", f" {method.upper()}={mac.upper()} "):
        assert websub.check_signature("the-secret", b"body", header) is None
    assert websub.check_signature("the-secret", b"bodY", f"{method}={mac}") is Drop.SIGNATURE
    assert websub.check_signature("another", b"body", f"{method}={mac}") is Drop.SIGNATURE
    assert websub.check_signature("the-secret", b"body", f"{method}={mac[:-1]}") is Drop.SIGNATURE


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("", Drop.UNSIGNED),
        ("sha256", Drop.UNSIGNED),
        ("sha256=", Drop.UNSIGNED),
        ("md5=00", Drop.SIGNATURE),
        ("sha256=\udcffé", Drop.SIGNATURE),
    ],
)
def test_what_is_not_signed_as_it_should_be_is_not(header: str, why: Drop) -> None:
    assert websub.check_signature("the-secret", b"body", header) is why


def test_secrets_are_not_in_a_subscriptions_repr() -> None:
    assert "the-secret" not in repr(wanted())
    assert "f.token" not in repr(wanted())
