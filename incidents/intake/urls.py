"""`/api/v1/alerts/<kind>/<key>`, and `/api/alerts/…` as the address of existing configurations."""

from __future__ import annotations

from django.urls import re_path

from incidents.intake import views

app_name = "intake"

urlpatterns = [
    re_path(
        r"^(?:v1/)?alerts/(?P<kind>[a-z0-9-]{1,40})(?:/(?P<key>[^/]{1,200}))?/?$",
        views.receive,
        name="receive",
    ),
]
