from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    """The trail: append-only guards, refusals, sign-in events, exports."""

    name = "itsm.audit"
    label = "audit"

    def ready(self) -> None:
        from itsm.audit import guards, receivers, trail
        from itsm.core.commands import refusal_listeners

        if trail.record_refusal not in refusal_listeners:
            refusal_listeners.append(trail.record_refusal)
        register(guards.check_guards, Tags.database)
        post_migrate.connect(guards.install, sender=self, dispatch_uid="itsm.audit.guards")
        receivers.connect()
