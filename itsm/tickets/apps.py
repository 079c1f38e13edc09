from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets: raising, priority, SLA clocks, labels, comments, evidence, the state machine."""

    name = "itsm.tickets"
    label = "tickets"
