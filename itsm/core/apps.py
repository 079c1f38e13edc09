from django.apps import AppConfig


class CoreConfig(AppConfig):
    """The ground: commands, transitions, references, context, text. It has no tables."""

    name = "itsm.core"
    label = "core"

    def ready(self) -> None:
        from simple_history.signals import pre_create_historical_record

        from itsm.core.history import stamp_origin

        pre_create_historical_record.connect(stamp_origin, dispatch_uid="itsm.core.stamp_origin")
