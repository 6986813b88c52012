from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=20, unique=True)


class Tag(models.Model):
    word = models.CharField(max_length=20)


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    payer = models.ForeignKey(Customer, models.CASCADE, related_name="paid")
    note = models.TextField(default="")
    tags = models.ManyToManyField(Tag, related_name="orders")

    @property
    def buyer(self):
        return self.customer.name


class Item(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="items")


class Invoice(models.Model):
    order = models.OneToOneField(Order, models.CASCADE, related_name="invoice")
