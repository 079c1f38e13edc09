from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The page shell, home, lists, saved views, exports and search; domains plug in their parts."""

    name = "itsm.portal"
    label = "portal"

    def ready(self) -> None:
        from itsm.portal.registry import NavigationEntry, registry

        registry.navigation += [
            NavigationEntry("Home", "portal:home", "home", 0, "/"),
            NavigationEntry(
                "Services",
                "catalog:services",
                "service",
                60,
                "/catalog/",
                lambda user: user.has_perm("catalog.view_service"),
            ),
        ]
