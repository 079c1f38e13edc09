"""Addresses of the catalog's read-only pages. It is written in the admin."""

from __future__ import annotations

from django.urls import path

from itsm.catalog import views

app_name = "catalog"

urlpatterns = [
    path("services/", views.services, name="services"),
    path("services/<slug:slug>/", views.service, name="service"),
]
