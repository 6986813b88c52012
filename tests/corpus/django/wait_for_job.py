"""Waits until a job has been done. Right: refreshes one object again and again, with pauses."""

import time

from tests.corpus.django._world import shop


class StillWaitingError(Exception):
    pass


def wait(job, pause, attempts, between):
    for _ in range(attempts):
        job.refresh_from_db(fields=["state"])
        if job.state == "done":
            return job
        between()
        time.sleep(pause)
    raise StillWaitingError(job.pk)


def main(world):
    job = shop.Job.objects.latest("pk")
    ticks = []

    def worker():
        ticks.append(1)
        if len(ticks) == 4:
            shop.Job.objects.filter(pk=job.pk).update(state="done")

    assert wait(job, 0.01, 10, worker).state == "done"
