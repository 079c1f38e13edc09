"""Home, search and saved views."""

from __future__ import annotations

from django.urls import path

from itsm.portal.views import home, saved, search

app_name = "portal"

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("views/<slug:page>/", saved.save_view, name="save-view"),
    path("views/<int:key>/delete/", saved.delete_view, name="delete-view"),
]
