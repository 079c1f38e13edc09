from django.apps import AppConfig


class TimersConfig(AppConfig):
    """Everything that must happen later: one table, one job."""

    name = "itsm.timers"
    label = "timers"
