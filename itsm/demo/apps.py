from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Demo data: loaded by `manage.py demo` only, into an empty database only."""

    name = "itsm.demo"
    label = "demo"
