"""Traces that others recorded: read, put in perfkit's words, judged by the rules, added up.

Files are read as streams, so their size does not matter; what is damaged or hostile is left out and said so.
"""

from perfkit.ingest.analysis import Analysis, analyze
from perfkit.ingest.formats import FORMATS

__all__ = ["FORMATS", "Analysis", "analyze"]
