from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """Everything that must be said to the outside: one table, one job."""

    name = "itsm.outbox"
    label = "outbox"

    def ready(self) -> None:
        from itsm.outbox import channels  # noqa: F401 (registers the channels)
