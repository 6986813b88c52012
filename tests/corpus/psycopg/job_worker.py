"""Takes jobs from a table until there are none. Right: a queue is read one by one, with SKIP LOCKED."""

CLAIM = """
    UPDATE jobs SET state = 'running'
     WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
 RETURNING id, payload
"""


class Worker:
    def __init__(self, conn):
        self.conn = conn
        self.done = []

    def claim(self):
        job = self.conn.execute(CLAIM).fetchone()
        self.conn.commit()
        return job

    def work(self):
        while (job := self.claim()) is not None:
            self.done.append(job)


def main(world):
    worker = Worker(world.conn)
    worker.work()
    assert len(worker.done) == 6
