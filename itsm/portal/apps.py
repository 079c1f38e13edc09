from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The page shell, home, lists, saved views, exports and search; domains plug in their parts."""

    name = "itsm.portal"
    label = "portal"
