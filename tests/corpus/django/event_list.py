"""The first page of events: makes a list of all of them and cuts it; counts by len()."""

from tests.corpus.django._world import shop


def page(kind, number, size=20):
    events = list(shop.Event.objects.filter(kind=kind).order_by("day"))  # expect: PK301
    start = (number - 1) * size
    return events[start : start + size]


def buyers():
    return len(shop.Event.objects.filter(kind="buy").values_list("user"))  # expect: PK301


def main(world):
    assert len(page("buy", 1)) == 20
    assert buyers() == 600
