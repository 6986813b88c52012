"""Reads prices through decorated functions: one that counts and one that tries again."""

import functools

import requests

CALLS = []


def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        CALLS.append(function.__name__)
        return function(*args, **kwargs)

    return wrapper


class retry:  # noqa: N801 - reads like a function where it is used
    def __init__(self, times):
        self.times = times

    def __call__(self, function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            for attempt in range(self.times):
                try:
                    return function(*args, **kwargs)
                except requests.ConnectionError:
                    if attempt + 1 == self.times:
                        raise
            return None

        return wrapper


@counted
@retry(times=3)
def price(session, base, sku):
    return session.get(f"{base}/prices/{sku}", timeout=5).json()["value"]


def main(world):
    basket = {"SKU-1012": 2, "SKU-1017": 1, "SKU-1051": 5, "SKU-1058": 1}
    total = 0
    with requests.Session() as session:
        for sku, amount in basket.items():
            total += amount * price(session, world.url, sku)  # expect: PK102
    assert total == 63
    assert len(CALLS) % 4 == 0
