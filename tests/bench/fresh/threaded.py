"""A scenario file that starts a thread when it is imported: such a process must not fork."""

import os
import threading

import perfkit
from perfkit.worlds import WebWorld
from tests.bench.fresh.service import app

threading.Thread(target=threading.Event().wait, daemon=True).start()
threaded = perfkit.Scenario("threaded", sizes=(1,), world=WebWorld(app))


@threaded.strategy
async def parent(world, size):
    raise ValueError("forked" if os.getppid() != PARENT else "alone")


PARENT = os.getppid()
