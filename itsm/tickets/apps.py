from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets: raising, priority, SLA clocks, labels, comments, evidence, the state machine."""

    name = "itsm.tickets"
    label = "tickets"

    def ready(self) -> None:
        from itsm.tickets import home, sla, timers  # noqa: F401 (timers registers its handlers)

        home.plug_in()
        sla.watch_edits()
