"""Saved views in the admin: whose they are and who shares what."""

from __future__ import annotations

from django.contrib import admin

from itsm.core.admin import ReadOnlyAdmin
from itsm.portal.models import SavedView


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    group, icon, place = "Work", "bookmark", 90
    list_display = ["name", "page", "owner", "shared", "created_at"]
    list_filter = ["page", "shared"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username"]
