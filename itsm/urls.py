"""Every address of the portal. Domains bring their own `urls`; machines come in below /api/."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from itsm.core import health
from itsm.portal.gallery import gallery

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

if settings.DEBUG:
    urlpatterns = [path("design/", gallery), path("design/<slug:part>/", gallery), *urlpatterns]
