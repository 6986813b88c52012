from django.urls import path

from . import views

urlpatterns = [
    path("page", views.page),
    path("names", views.names),
    path("rename", views.rename),
    path("names-async", views.names_async),
]
