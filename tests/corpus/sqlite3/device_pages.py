"""A page per device by a class with properties: each page asks for its readings when it is drawn."""


class Device:
    def __init__(self, conn, row):
        self.conn = conn
        self.id = row["id"]
        self.name = row["name"]

    @property
    def average(self):
        statement = "SELECT avg(value) FROM readings WHERE device_id = :device AND taken_at >= :since"
        return self.conn.execute(statement, {"device": self.id, "since": "2024-05-03"}).fetchone()[0]


def draw(device):
    return f"{device.name}: {device.average:.1f}"


def pages(conn):
    devices = [Device(conn, row) for row in conn.execute("SELECT id, name FROM devices ORDER BY name")]
    for device in devices:
        yield draw(device)  # expect: PK101


def main(world):
    assert len(list(pages(world.conn))) == 10
