"""What every page needs: the navigation, for whoever is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from itsm.portal.registry import registry


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor of the page shell. The admin has a shell of its own."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith("/admin/"):
        return {}
    context: dict[str, Any] = {"navigation": registry.entries(request)}
    if user.has_module_perms("tickets") and user.is_staff:
        admin = {"label": "Administration", "url": reverse("admin:index"), "icon": "admin"}
        context["user_navigation"] = [admin]
    return context
