"""Waits for a background job. Right: polls its state with pauses until it is done."""

import time


class Job:
    def __init__(self, conn, job_id):
        self.conn = conn
        self.id = job_id

    def state(self):
        return self.conn.execute("SELECT state FROM jobs WHERE id = ?", (self.id,)).fetchone()["state"]

    def wait(self, pause, on_tick):
        while (state := self.state()) not in ("done", "failed"):
            on_tick()
            time.sleep(pause)
        return state


def main(world):
    ticks = []

    def worker():
        ticks.append(1)
        if len(ticks) == 5:
            world.conn.execute("UPDATE jobs SET state = 'done' WHERE id = 3")

    assert Job(world.conn, 3).wait(0.01, worker) == "done"
