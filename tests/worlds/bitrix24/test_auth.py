"""Who may call what: webhooks, access tokens, permissions, and the errors of those that may not."""

import pytest

from perfkit.worlds.bitrix24.auth import SCOPES, AccessToken, may_call, scope_of
from perfkit.worlds.bitrix24.config import ACCESS_TOKEN, WEBHOOK_TOKEN
from perfkit.worlds.bitrix24.methods import METHODS
from tests.worlds.bitrix24.helpers import Clock, make_portal

pytestmark = pytest.mark.once


NOW_S = 1_767_225_600.0


def error(reply):
    return reply.status, reply.body["error"], reply.body["error_description"]


def test_the_demonstrations_webhook_and_application_are_let_in():
    portal = make_portal()
    webhook = portal.authenticate("1", WEBHOOK_TOKEN)
    application = portal.authenticate(None, ACCESS_TOKEN)
    assert (webhook.kind, webhook.user) == ("webhook", 1)
    assert (application.kind, application.user) == ("oauth", 1)
    assert webhook.credential != application.credential
    assert webhook == portal.webhook
    for caller in (webhook, application):
        assert portal.call("crm.lead.get", {"ID": 1}, caller=caller).status == 200


def test_a_caller_seen_before_is_the_same_object():
    portal = make_portal()
    assert portal.authenticate("1", WEBHOOK_TOKEN) is portal.authenticate("1", WEBHOOK_TOKEN)


@pytest.mark.parametrize(
    ("user", "token", "expected"),
    [
        ("1", "wrong", (401, "INVALID_CREDENTIALS", "Invalid request credentials")),
        ("7", WEBHOOK_TOKEN, (401, "INVALID_CREDENTIALS", "Invalid request credentials")),
        (None, "", (401, "NO_AUTH_FOUND", "Wrong authorization data")),
        (None, "unknown", (401, "NO_AUTH_FOUND", "Wrong authorization data")),
        (None, "old", (401, "expired_token", "The access token provided has expired.")),
    ],
)
def test_who_is_not_let_in_is_told_why(user, token, expected):
    portal = make_portal(access_tokens={"old": AccessToken(1, expires_at_s=NOW_S)})
    caller = portal.authenticate(user, token)
    assert caller.kind == ""
    assert error(portal.call("crm.lead.list", {}, caller=caller)) == expected
    assert error(portal.call("batch", {"cmd": ["profile"]}, caller=caller)) == expected
    assert portal.call("nope", {}, caller=caller).status == 404, "methods are looked for first"
    assert portal.call("nope", {}, caller=caller).cost_ns == portal.config.base_ns


def test_a_wrong_webhook_may_be_forbidden_instead():
    portal = make_portal(bad_token_status=403)
    assert portal.call("profile", {}, caller=portal.authenticate("1", "wrong")).status == 403


def test_a_token_expires_when_its_time_comes():
    clock = Clock(NOW_S)
    portal = make_portal(clock=clock, access_tokens={"t": AccessToken(12, expires_at_s=NOW_S + 3600)})
    clock.now_s += 3599.9
    assert portal.authenticate(None, "t").user == 12
    clock.now_s += 0.1
    assert portal.authenticate(None, "t").refusal[1] == "expired_token"


def test_permissions_are_asked_for_method_by_method():
    portal = make_portal(access_tokens={"t": AccessToken(1, frozenset({"crm", "user_brief"}))})
    caller = portal.authenticate(None, "t")
    reply = portal.call(
        "batch",
        {"cmd": {"a": "crm.lead.get?ID=1", "b": "disk.file.get?id=1", "c": "user.get"}},
        caller=caller,
    )
    assert list(reply.body["result"]["result"]) == ["a", "c"]
    assert reply.body["result"]["result_error"]["b"]["error"] == "insufficient_scope"
    assert portal.call("disk.file.get", {"id": 9001}, caller=caller).status == 403
    assert portal.call("methods", {}, caller=caller).status == 200


def test_a_webhook_has_permissions_too():
    portal = make_portal(webhooks={"12/reader": frozenset({"crm"})})
    caller = portal.authenticate("12", "reader")
    assert error(portal.call("disk.file.get", {"id": 9001}, caller=caller)) == (
        403,
        "insufficient_scope",
        "The request requires higher privileges than provided by the webhook token",
    )
    assert portal.call("crm.lead.get", {"ID": 1}, caller=caller).status == 200
    assert portal.call("profile", {}).status == 401, "the demonstration's webhook is gone"


def test_every_method_has_a_permission_that_exists():
    for method in METHODS:
        assert scope_of(method) in {None, *SCOPES}
        assert may_call(SCOPES, method)


def test_a_portal_may_be_closed_to_users_or_altogether():
    closed = make_portal(rest_available=False)
    assert error(closed.call("profile", {})) == (
        403,
        "ACCESS_DENIED",
        "REST API is available only on commercial plans.",
    )
    picky = make_portal(denied_users=frozenset({1}))
    assert error(picky.call("profile", {}))[:2] == (403, "user_access_error")


def test_https_may_be_required():
    portal = make_portal(https_required=True)
    plain = portal.authenticate("1", WEBHOOK_TOKEN)
    assert error(portal.call("profile", {}, caller=plain)) == (400, "INVALID_REQUEST", "Https required.")
    secure = portal.authenticate("1", WEBHOOK_TOKEN, secure=True)
    assert portal.call("profile", {}, caller=secure).status == 200
