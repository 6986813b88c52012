"""Django with an SQLite file of the shop's tables, which is copied anew for each program.

Programs import their models from here, for Django has to be set up before.
"""

import atexit
import datetime as dt
import shutil
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

HERE = Path(__file__).parent
_FOLDER = Path(tempfile.mkdtemp(prefix="corpus-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": _FOLDER / "shop.sqlite3"}},
    INSTALLED_APPS=["tests.corpus.django._shop.apps.ShopConfig"],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [HERE / "_templates"]}],
)
django.setup()

from tests.corpus.django._shop import models as shop  # noqa: E402 - after Django has been set up


class World(NamedTuple):
    """Where the database lies."""

    path: Path


@cache
def _content():
    call_command("migrate", run_syncdb=True, verbosity=0)
    regions = shop.Region.objects.bulk_create(shop.Region(name=f"region {n}") for n in range(4))
    customers = shop.Customer.objects.bulk_create(
        shop.Customer(name=f"customer {n}", email=f"c{n}@shop.test", region=regions[n % 4])
        for n in range(1, 21)
    )
    shop.Profile.objects.bulk_create(
        shop.Profile(customer=customer, newsletter=number % 2)
        for number, customer in enumerate(customers[:12])
    )
    tags = shop.Tag.objects.bulk_create(shop.Tag(word=word) for word in ("red", "green", "large", "sale"))
    products = shop.Product.objects.bulk_create(
        shop.Product(sku=f"SKU-{n:04}", price=n * 100, description=f"about {n}") for n in range(1, 25)
    )
    for number, tag in enumerate(tags):
        tag.products.set(products[number :: number + 2])
    orders = shop.Order.objects.bulk_create(
        shop.Order(customer=customers[n * 7 % 20], status=("new", "open", "sent")[n % 3], cents=n * 500)
        for n in range(1, 31)
    )
    shop.Item.objects.bulk_create(
        shop.Item(order=orders[n % 30], product=products[n * 11 % 24], qty=n % 5 + 1) for n in range(60)
    )
    for number in range(1, 14):
        shop.Category.objects.create(
            id=number, name=f"category {number}", parent_id=(number + 1) // 3 or None
        )
    shop.Event.objects.bulk_create(
        shop.Event(kind=("view", "buy")[n % 2], user=n % 20, day=dt.date(2024, 1, 1) + dt.timedelta(n % 90))
        for n in range(1200)
    )
    shop.Setting.objects.create(key="vat", value="19")
    shop.Setting.objects.create(key="currency", value="EUR")
    for number in range(8):
        shop.Restaurant.objects.create(name=f"place {number}", stars=number % 3)
    shop.Job.objects.bulk_create(shop.Job() for _ in range(6))
    connection.close()
    return (_FOLDER / "shop.sqlite3").read_bytes()


@contextmanager
def world():
    path, content = _FOLDER / "shop.sqlite3", _content()
    path.write_bytes(content)
    connection.ensure_connection()
    yield World(path)
    connection.close()
