"""The world of the programs here: the shop's web service, on free ports of the loopback."""

from tests.corpus._service import running as world

__all__ = ["world"]
