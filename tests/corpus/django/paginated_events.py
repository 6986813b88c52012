"""Sends events page by page. Right: Django's paginator counts once and slices with LIMIT and OFFSET."""

from django.core.paginator import Paginator

from tests.corpus.django._world import shop


def send_all(send):
    paginator = Paginator(shop.Event.objects.order_by("pk"), 200)
    for number in paginator.page_range:
        page = paginator.page(number)
        send([event.kind for event in page.object_list])


def main(world):
    sent = []
    send_all(sent.extend)
    assert len(sent) == 1200
