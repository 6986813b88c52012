"""Imports events: creates one row after another."""

import datetime as dt

from tests.corpus.django._world import shop

LINES = [
    "2024-05-01;view;3",
    "2024-05-01;buy;3",
    "2024-05-02;view;7",
    "2024-05-02;view;9",
    "2024-05-03;buy;9",
]


class EventImporter:
    model = shop.Event

    def parse(self, line):
        day, kind, user = line.split(";")
        return {"day": dt.date.fromisoformat(day), "kind": kind, "user": int(user)}

    def run(self, lines):
        for line in lines:
            values = self.parse(line)
            self.model.objects.create(**values)  # expect: PK105


def main(world):
    EventImporter().run(LINES)
    assert shop.Event.objects.count() == 1205
