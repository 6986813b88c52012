"""When something happened last: fetches the whole history to take its first row."""


class History:
    def __init__(self, conn):
        self.cursor = conn.cursor()

    def last_day(self):
        self.cursor.execute("SELECT day, kind FROM events ORDER BY day DESC, id DESC")  # expect: PK301
        return self.cursor.fetchall()[0]["day"]


def main(world):
    assert History(world.conn).last_day() == "2024-06-28"
