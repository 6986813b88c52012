"""How a client proves to PostgreSQL that it knows a password: in plain text, by MD5, by SCRAM-SHA-256.

Only for the gate's own connection: those of the clients pass through it as they are. Sources: RFC 5802, RFC
7677 and the manual's "SASL Authentication". A password outside ASCII is taken as it is, without SASLprep.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

from perfkit.errors import SimulationError
from perfkit.sim.postgres.messages import message

OK, PLAIN, MD5, SASL, SASL_CONTINUE, SASL_FINAL = 0, 3, 5, 10, 11, 12
"""The codes of the server's authentication messages."""

_METHOD = b"SCRAM-SHA-256"


class Authentication:
    """Answers the server's challenges, for one connection."""

    def __init__(self, user: str, password: str) -> None:
        self._user, self._password = user.encode(), password.encode()
        self._first = b"n=,r=" + base64.b64encode(os.urandom(18))

    def answer(self, body: bytes) -> bytes:
        """The message to send in answer to an authentication message; b"" for none.

        Raises SimulationError for a method that is not known here.
        """
        code, rest = int.from_bytes(body[:4]), body[4:]
        if code in (OK, SASL_FINAL):
            return b""
        if code == PLAIN:
            return message(b"p", self._password + b"\0")
        if code == MD5:
            return message(b"p", self._md5(rest))
        if code == SASL and _METHOD in rest.split(b"\0"):
            first = b"n,," + self._first
            return message(b"p", _METHOD + b"\0" + len(first).to_bytes(4) + first)
        if code == SASL_CONTINUE:
            return message(b"p", self._proof(rest))
        raise SimulationError(
            f"the real PostgreSQL asks for authentication by method {code}: let the user of server= in by "
            "password, SCRAM-SHA-256 or trust"
        )

    def _md5(self, salt: bytes) -> bytes:
        inner = hashlib.md5(self._password + self._user, usedforsecurity=False).hexdigest().encode()
        return b"md5" + hashlib.md5(inner + salt, usedforsecurity=False).hexdigest().encode() + b"\0"

    def _proof(self, challenge: bytes) -> bytes:
        given = dict(part.split(b"=", 1) for part in challenge.split(b","))
        last = b"c=biws,r=" + given[b"r"]
        salted = hashlib.pbkdf2_hmac(
            "sha256", self._password, base64.b64decode(given[b"s"]), int(given[b"i"])
        )
        key = hmac.digest(salted, b"Client Key", "sha256")
        signed = b",".join((self._first, challenge, last))
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return last + b",p=" + base64.b64encode(proof)
