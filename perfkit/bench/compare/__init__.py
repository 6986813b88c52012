"""Two stored runs of perfkit or of another benchmark tool, compared: what changed, and what that shows."""

from perfkit.bench.compare.comparing import against, compare

__all__ = ["against", "compare"]
