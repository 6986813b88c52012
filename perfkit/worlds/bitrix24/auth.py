"""Who calls: a webhook or an application with an access token, and what either may do.

A front hands over what it saw; the portal refuses a caller only after it knows that the method exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.config import PortalConfig

SCOPES = frozenset({"crm", "department", "disk", "task", "telephony", "user", "user_basic", "user_brief"})
"""Permissions a webhook or an application may be given: those of the methods that exist here."""

_PREFIXES = {
    "crm": "crm",
    "department": "department",
    "disk": "disk",
    "task": "task",
    "tasks": "task",
    "telephony": "telephony",
    "user": "user",
    "voximplant": "telephony",
}
_INSTEAD = {"user": frozenset({"user_basic", "user_brief"})}


class AccessToken(NamedTuple):
    """What an access token stands for: its user, permissions, and when it ends (Unix time; None: never)."""

    user: int
    scopes: frozenset[str] = SCOPES
    expires_at_s: float | None = None


Refusal = tuple[int, str, str]
"""Status, code and description of an ``ApiError``."""


class Caller(Struct, frozen=True):
    """Who makes a call.

    ``kind`` is "" for a caller that may not call; ``refusal`` then says why. ``credential`` names its account
    in the ledger of operating time.
    """

    kind: Literal["webhook", "oauth", ""]
    user: int
    credential: str
    scopes: frozenset[str] = SCOPES
    refusal: Refusal | None = None


NO_AUTH_FOUND: Refusal = (401, "NO_AUTH_FOUND", "Wrong authorization data")
INVALID_CREDENTIALS: Refusal = (401, "INVALID_CREDENTIALS", "Invalid request credentials")
EXPIRED_TOKEN: Refusal = (401, "expired_token", "The access token provided has expired.")
USER_ACCESS_ERROR: Refusal = (403, "user_access_error", "The user does not have access to the application.")
ACCESS_DENIED: Refusal = (403, "ACCESS_DENIED", "REST API is available only on commercial plans.")
HTTPS_REQUIRED: Refusal = (400, "INVALID_REQUEST", "Https required.")
WRONG_AUTH_TYPE: Refusal = (
    403,
    "WRONG_AUTH_TYPE",
    "Current authorization type is denied for this method",
)


class Door:
    """Tells who is behind a credential. Cheap: a dict look-up for a caller seen before."""

    def __init__(self, config: PortalConfig) -> None:
        self.config = config
        webhooks: Mapping[str, frozenset[str]] = config.webhooks
        self._webhooks = {name: self._webhook(name, scopes) for name, scopes in webhooks.items()}
        self._tokens = {token: self._application(token, what) for token, what in config.access_tokens.items()}

    def caller(self, user: str | None, token: str, now_s: float, *, secure: bool) -> Caller:
        """Who shows ``token``: with a ``user`` it is a webhook's, without one an application's."""
        if self.config.https_required and not secure:
            return _nobody(HTTPS_REQUIRED)
        if user is not None:
            known = self._webhooks.get(f"{user}/{token}")
            return known or _nobody((self.config.bad_token_status, *INVALID_CREDENTIALS[1:]))
        known = self._tokens.get(token)
        if known is None:
            return _nobody(NO_AUTH_FOUND)
        expires_at_s = self.config.access_tokens[token].expires_at_s
        if expires_at_s is not None and now_s >= expires_at_s:
            return _nobody(EXPIRED_TOKEN)
        return known

    def _webhook(self, name: str, scopes: frozenset[str]) -> Caller:
        user = int(name.partition("/")[0])
        return self._allowed(Caller("webhook", user, f"webhook {name}", scopes))

    def _application(self, token: str, what: AccessToken) -> Caller:
        return self._allowed(Caller("oauth", what.user, f"oauth {token}", what.scopes))

    def _allowed(self, caller: Caller) -> Caller:
        if not self.config.rest_available:
            return _nobody(ACCESS_DENIED)
        if caller.user in self.config.denied_users:
            return _nobody(USER_ACCESS_ERROR)
        return caller


def _nobody(refusal: Refusal) -> Caller:
    return Caller("", 0, "", frozenset(), refusal)


@lru_cache(maxsize=1024)  # of a command's whole cost the look-up would be a tenth
def scope_of(method: str) -> str | None:
    """The permission a method needs; None for one that everybody may call.

    >>> scope_of("crm.lead.list"), scope_of("tasks.task.get"), scope_of("server.time")
    ('crm', 'task', None)
    """
    return _PREFIXES.get(method.partition(".")[0]) if "." in method else None


def may_call(scopes: frozenset[str], method: str) -> bool:
    """Whether a caller with ``scopes`` may call ``method``."""
    needed = scope_of(method)
    return needed is None or needed in scopes or not scopes.isdisjoint(_INSTEAD.get(needed, frozenset()))


def insufficient_scope(caller: Caller) -> Refusal:
    """What a caller without the permission for a method is told."""
    token = "webhook token" if caller.kind == "webhook" else "access token"
    text = f"The request requires higher privileges than provided by the {token}"
    return 403, "insufficient_scope", text
