"""Spans with exact times, and the file a collector writes of them."""
