"""Events per month. Right: each query takes the days of a month, which is a range and no item."""

import datetime as dt

from tests.corpus.django._world import shop


def months(year, *numbers):
    for number in numbers:
        yield dt.date(year, number, 1), dt.date(year, number + 1, 1)


def users(year):
    seen = []
    for start, end in months(year, 1, 2, 3, 4):
        rows = shop.Event.objects.filter(day__gte=start, day__lt=end).values_list("day", "user", "kind")
        seen += [user for _, user, kind in rows if kind == "buy"]
    return seen


def main(world):
    assert len(users(2024)) == 600
