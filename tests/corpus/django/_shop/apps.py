from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "tests.corpus.django._shop"
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"
