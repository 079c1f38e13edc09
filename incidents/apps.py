from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Alerts in, incidents opened, worked, resolved; severity, timeline, imports."""

    name = "incidents"

    def ready(self) -> None:
        from incidents import home, severity, timers  # noqa: F401 (timers register their handlers)

        home.plug_in()
        severity.watch_edits()
