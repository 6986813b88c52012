"""A module that binds the time functions early, as many libraries do."""

import time
from time import monotonic as clock
from time import time_ns

sleep = time.sleep


def read():
    return clock(), time_ns()
