"""Opens one restaurant. Right: a class that is spread over two tables takes two statements to store."""

from django.db import transaction

from tests.corpus.django._world import shop


def open_restaurant(name, stars, words):
    with transaction.atomic():
        restaurant = shop.Restaurant.objects.create(name=name, stars=stars)
        with transaction.atomic():
            shop.Tag.objects.bulk_create([shop.Tag(word=word) for word in words], ignore_conflicts=True)
        shop.Event.objects.create(kind="open", user=restaurant.pk, day="2024-06-01")
    return restaurant


def main(world):
    assert open_restaurant("by the sea", 2, ["fish", "wine", "sale"]).pk == 9
    assert sum(place.stars for place in shop.Restaurant.objects.all()) == 9
