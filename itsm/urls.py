"""Every address of the portal. Domains bring their own `urls`; machines have their own below /api/."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from itsm.core import health

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/", include("incidents.intake.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("admin/", admin.site.urls),
    path("tickets/", include("itsm.tickets.urls")),
    path("incidents/", include("incidents.urls")),
    path("catalog/", include("itsm.catalog.urls")),
    path("", include("itsm.portal.urls")),
]
