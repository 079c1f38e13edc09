"""Addresses of tickets. A decision is a POST to the address named like its command."""

from __future__ import annotations

from django.urls import path

from itsm.tickets.views import acting, detail, evidence, history, lists, writing

app_name = "tickets"

urlpatterns = [
    path("", lists.TicketList.as_view(), name="list"),
    path("new/", writing.create, name="create"),
    path("<str:reference>/", detail.detail, name="detail"),
    path("<str:reference>/edit/", writing.edit, name="edit"),
    path("<str:reference>/history/", history.history, name="history"),
    path("<str:reference>/evidence/<int:key>/", evidence.download, name="evidence"),
    *(
        path(f"<str:reference>/{name}/", acting.act, {"name": name}, name=name)
        for name in acting.FORMS
    ),
]
