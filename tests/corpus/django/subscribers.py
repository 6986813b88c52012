"""Who gets the newsletter: the profile of each customer is asked for, also of those without one."""

from django.core.exceptions import ObjectDoesNotExist

from tests.corpus.django._world import shop


def is_subscriber(customer):
    try:
        return customer.profile.newsletter  # expect: PK101
    except ObjectDoesNotExist:
        return False


def main(world):
    customers = shop.Customer.objects.all()
    assert sum(map(is_subscriber, customers)) == 6
