"""What strategies are made of: ways to ask for many things, and the parts of a well-behaved client.

Everything here is asyncio, reads no clock but the loop's, and is exact in virtual time.
"""

from __future__ import annotations

from perfkit.bench.strategies.batcher import Batcher
from perfkit.bench.strategies.bounded import bounded_gather, bounded_stream, chunks
from perfkit.bench.strategies.limiters import RateLimiter, SlidingWindowLimiter
from perfkit.bench.strategies.retries import retrying
from perfkit.bench.strategies.ways import (
    BATCH_SIZE,
    CONCURRENCY,
    Many,
    One,
    batched,
    batched_concurrent,
    concurrent,
    serial,
    standard,
)
from perfkit.bench.strategies.workers import WorkerQueue

__all__ = [
    "BATCH_SIZE",
    "CONCURRENCY",
    "Batcher",
    "Many",
    "One",
    "RateLimiter",
    "SlidingWindowLimiter",
    "WorkerQueue",
    "batched",
    "batched_concurrent",
    "bounded_gather",
    "bounded_stream",
    "chunks",
    "concurrent",
    "retrying",
    "serial",
    "standard",
]
