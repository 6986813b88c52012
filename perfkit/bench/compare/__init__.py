"""Two stored runs of perfkit or of another benchmark tool, compared: what changed, and what that shows."""

from perfkit.bench.compare.comparing import compare

__all__ = ["compare"]
