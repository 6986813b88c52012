"""The certificate of a service with TLS, made anew for each start by an authority that nobody else trusts."""

from __future__ import annotations

import ssl

from perfkit.errors import MissingExtraError


def make_context(host: str) -> tuple[ssl.SSLContext, str]:
    """A server's context for ``host``, and the authority's certificate as PEM, for clients to trust.

    Raises MissingExtraError without the package that makes certificates.
    """
    try:
        import trustme
    except ImportError:
        raise MissingExtraError("a service with tls=True in wall time", "trustme", "mock") from None
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context, authority.cert_pem.bytes().decode()


def simulated_context(host: str) -> tuple[ssl.SSLContext, str]:
    """The same for a simulated network, where only clients that do TLS by themselves need the certificate."""
    try:
        return make_context(host)
    except MissingExtraError:
        return ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ""
