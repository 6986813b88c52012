"""What two operations have in common once their values are masked. Pure functions of text and data.

A room of its own below probes and rules, since probes mask while recording (values never enter a trace)
and rules compare what was masked.
"""

from perfkit.fingerprints.bodies import Body, describe_body
from perfkit.fingerprints.sql import Statement, describe_sql
from perfkit.fingerprints.urls import Url, describe_url

__all__ = ["Body", "Statement", "Url", "describe_body", "describe_sql", "describe_url"]
