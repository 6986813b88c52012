"""From when on the rules speak: counts by default, milliseconds only where they are asked for.

Live recordings are judged by counts alone, which have no noise. A duration can be demanded as well, for
traces from production, where a loop of five calls of a tenth of a millisecond is nobody's problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from perfkit.config import Config


class Limits(Struct, frozen=True):
    """Thresholds of the rules; each is a setting of the same name.

    ``min_calls``: calls from one place that make a loop; two are none. ``min_calls_imported``: the same where
    the trace does not say which line called, so that only what they have in common tells (Sentry and Digma
    take 5, too). ``min_duplicates``: equal calls from one place. ``min_serial``: independent calls one after
    another. ``min_batches``: batches that wait for each other. ``min_connects``: connections from one place.
    ``min_refused``: answers 429 and 503 of one host. ``min_rows``: rows of a result beyond which a page of it
    should have been asked for. ``min_spent_ms``: findings whose operations took less in all are left out.

    >>> Limits().min_calls
    3
    """

    min_calls: int = 3
    min_calls_imported: int = 5
    min_duplicates: int = 3
    min_serial: int = 3
    min_batches: int = 3
    min_connects: int = 3
    min_refused: int = 3
    min_rows: int = 100
    min_spent_ms: float = 0.0

    @classmethod
    def of(cls, config: Config) -> Limits:
        """The thresholds that are settings in ``config``. Raises ConfigError for one below 1."""
        counts = {name: config.integer(name) for name in cls.__struct_fields__ if name != "min_spent_ms"}
        for name, count in counts.items():
            if count < 1:
                from perfkit.errors import ConfigError

                raise ConfigError(f"{name} must be 1 or more, not {count} ({config.resolved[name].origin})")
        return cls(**counts, min_spent_ms=config.number("min_spent_ms"))
