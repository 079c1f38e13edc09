from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Alerts in, incidents opened, worked, resolved; severity, timeline, imports."""

    name = "incidents"
