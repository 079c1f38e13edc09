from django.apps import AppConfig
from django.contrib.admin import apps as django_admin


class PortalAdminConfig(django_admin.AdminConfig):
    """Django's admin on our own site: entry by permission, sign-in by the portal's door."""

    default = False
    default_site = "itsm.core.admin.site.PortalAdminSite"


class CoreConfig(AppConfig):
    """The ground: commands, transitions, references, context, text. It has no tables."""

    name = "itsm.core"
    label = "core"

    def ready(self) -> None:
        from simple_history.signals import pre_create_historical_record

        from itsm.core.history import stamp_origin

        pre_create_historical_record.connect(stamp_origin, dispatch_uid="itsm.core.stamp_origin")
