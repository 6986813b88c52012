import inspect

from django.db import transaction
from django.http import JsonResponse
from django.shortcuts import render

from .models import Customer, Order


def line():
    return inspect.currentframe().f_back.f_lineno


def page(request):
    orders = Order.objects.order_by("id")
    page.line = line() + 1
    return render(request, "shop/page.html", {"orders": orders})


def names(request):
    found = []
    for order in Order.objects.order_by("id"):
        names.line, name = line(), order.customer.name
        found.append(name)
    return JsonResponse({"names": found})


@transaction.atomic
def rename(request):
    Customer.objects.filter(name="a").update(name="z")
    return JsonResponse({})


async def names_async(request):
    found = []
    names_async.lines = [line() + 1]
    async for order in Order.objects.order_by("id"):
        names_async.lines.append(line() + 1)
        customer = await Customer.objects.aget(id=order.customer_id)
        found.append(customer.name)
    return JsonResponse({"names": found})
