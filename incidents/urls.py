from __future__ import annotations

from django.urls import path

from incidents.views.acting import act, correct
from incidents.views.declaring import declare
from incidents.views.listing import IncidentList
from incidents.views.record import detail, history

app_name = "incidents"

urlpatterns = [
    path("", IncidentList.as_view(), name="list"),
    path("declare/", declare, name="declare"),
    path("<str:reference>/", detail, name="detail"),
    path("<str:reference>/history/", history, name="history"),
    path("<str:reference>/timeline/<int:key>/correct/", correct, name="correct"),
    path("<str:reference>/<str:name>/", act, name="act"),
]
