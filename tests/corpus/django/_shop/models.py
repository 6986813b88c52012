from django.db import models


class Region(models.Model):
    name = models.CharField(max_length=30)


class Customer(models.Model):
    name = models.CharField(max_length=30)
    email = models.EmailField()
    region = models.ForeignKey(Region, models.CASCADE, related_name="customers")


class Profile(models.Model):
    customer = models.OneToOneField(Customer, models.CASCADE, related_name="profile")
    newsletter = models.BooleanField(default=False)


class Tag(models.Model):
    word = models.CharField(max_length=30, unique=True)


class Product(models.Model):
    sku = models.CharField(max_length=30, unique=True)
    price = models.IntegerField()
    description = models.TextField(default="")
    tags = models.ManyToManyField(Tag, related_name="products")


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    status = models.CharField(max_length=10)
    cents = models.IntegerField()

    class Meta:
        ordering = ("id",)


class Item(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="items")
    product = models.ForeignKey(Product, models.CASCADE, related_name="items")
    qty = models.IntegerField()


class Category(models.Model):
    name = models.CharField(max_length=30)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="children")


class Event(models.Model):
    kind = models.CharField(max_length=10)
    user = models.IntegerField()
    day = models.DateField()


class Setting(models.Model):
    key = models.CharField(max_length=30, unique=True)
    value = models.CharField(max_length=30)


class Place(models.Model):
    name = models.CharField(max_length=30)


class Restaurant(Place):
    stars = models.IntegerField()


class Job(models.Model):
    state = models.CharField(max_length=10, default="queued")
