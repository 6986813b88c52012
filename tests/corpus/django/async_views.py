"""Two async views at the same time. Right: the async ORM, and one query for each view."""

import asyncio

from django.db.models import Sum

from tests.corpus.django._world import shop


async def revenue():
    return (await shop.Order.objects.filter(status="sent").aaggregate(total=Sum("cents")))["total"]


async def newest(count):
    return [
        order.customer.name
        async for order in shop.Order.objects.select_related("customer").order_by("-pk")[:count]
    ]


async def main(world):
    cents, names = await asyncio.gather(revenue(), newest(5))
    assert cents == 77500
    assert len(names) == 5
