"""Checks addresses of a file: .filter().exists() for some of them, .filter().first() for the rest."""

from tests.corpus.django._world import shop

ADDRESSES = [f"c{n}@shop.test" for n in range(12, 26)]


def unknown(addresses):
    return [a for a in addresses if not shop.Customer.objects.filter(email=a).exists()]  # expect: PK101


def find(address):
    return shop.Customer.objects.filter(email__iexact=address).order_by("id").first()


def names(addresses):
    customers = [find(address.upper()) for address in addresses]  # expect: PK101
    return [customer.name for customer in customers if customer]


def main(world):
    assert len(unknown(ADDRESSES)) == 5
    assert len(names(ADDRESSES)) == 9
