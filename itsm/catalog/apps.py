from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """Customers, accounts, services, resources, labels and business calendars."""

    name = "itsm.catalog"
    label = "catalog"
