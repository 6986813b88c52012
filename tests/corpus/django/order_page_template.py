"""A page of orders, whose template shows each order's customer: the view must load them, where it renders."""

from django.template.loader import render_to_string

from tests.corpus.django._world import shop


def orders_page(status):
    orders = shop.Order.objects.filter(status=status)
    return render_to_string("orders.html", {"orders": orders})  # expect: PK101


def main(world):
    assert orders_page("sent").count("<li>") == 10
