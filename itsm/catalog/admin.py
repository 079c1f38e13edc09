"""The catalog in the admin: what is operated, for whom, where and in which hours."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from import_export.fields import Field
from import_export.widgets import ForeignKeyWidget

from itsm.catalog.models import (
    Account,
    BusinessCalendar,
    BusinessHours,
    CalendarDay,
    Customer,
    Label,
    LabelPrefix,
    Resource,
    Service,
    ServiceDependency,
)
from itsm.core.admin import AuditedAdmin, AuditedInline, ExchangeAdmin, ExchangeResource
from itsm.core.admin.site import PARTS
from itsm.people.models import Team


def by(name: str, model: type, attribute: str = "slug") -> Field:
    """A column that names a related record by what people know it by."""
    return Field(column_name=name, attribute=name, widget=ForeignKeyWidget(model, attribute))


class CustomerResource(ExchangeResource):
    calendar = by("calendar", BusinessCalendar, "name")

    class Meta(ExchangeResource.Meta):
        model = Customer
        import_id_fields = ["slug"]
        fields = ["slug", "name", "calendar", "email"]


class AccountResource(ExchangeResource):
    customer = by("customer", Customer)

    class Meta(ExchangeResource.Meta):
        model = Account
        import_id_fields = ["number"]
        fields = ["number", "name", "customer", "provider", "environment", "regulated"]


class ServiceResource(ExchangeResource):
    owner = by("owner", Team)
    customer = by("customer", Customer)

    class Meta(ExchangeResource.Meta):
        model = Service
        import_id_fields = ["slug"]
        fields = ["slug", "name", "description", "tier", "owner", "customer", "retired_at"]


class LabelResource(ExchangeResource):
    prefix = by("prefix", LabelPrefix, "name")

    class Meta(ExchangeResource.Meta):
        model = Label
        import_id_fields = ["prefix", "value"]
        fields = ["prefix", "value", "description", "retired_at"]


class ResourceResource(ExchangeResource):
    account = by("account", Account, "number")
    service = by("service", Service)

    class Meta(ExchangeResource.Meta):
        model = Resource
        import_id_fields = ["account", "identifier"]
        fields = ["account", "identifier", "name", "kind", "service", "environment"]


class CatalogAdmin(AuditedAdmin):
    """Names that monitoring and files refer to are fixed once they exist."""

    group = "Catalog"
    #: Fields that other systems name the record by.
    fixed: tuple[str, ...] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        given = list(super().get_readonly_fields(request, obj))
        return [*given, *self.fixed] if obj else given

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj else dict(self.prepopulated_fields)


class OwnRows(AuditedInline):
    """Rows that are nothing without their record; taking one away leaves its history."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        opts = self.model._meta
        return bool(request.user.has_perm(f"{opts.app_label}.delete_{opts.model_name}"))


@admin.register(Customer)
class CustomerAdmin(ExchangeAdmin, CatalogAdmin):
    icon, place, fixed = "business", 10, ("slug",)
    resource_classes = [CustomerResource]
    list_display = ["name", "slug", "calendar", "email"]
    list_filter = ["calendar"]
    list_select_related = ["calendar"]
    search_fields = ["name", "slug"]
    autocomplete_fields = ["calendar"]
    prepopulated_fields = {"slug": ["name"]}


@admin.register(Account)
class AccountAdmin(ExchangeAdmin, CatalogAdmin):
    icon, place, fixed = "cloud", 30, ("number",)
    resource_classes = [AccountResource]
    list_display = ["number", "name", "customer", "provider", "environment", "regulated"]
    list_filter = ["provider", "environment", "regulated"]
    list_select_related = ["customer"]
    search_fields = ["number", "name", "customer__name"]
    autocomplete_fields = ["customer"]


class DependencyInline(OwnRows):
    model = ServiceDependency
    fk_name = "service"
    fields = ["needs"]
    autocomplete_fields = ["needs"]
    verbose_name_plural = "what it needs to work"


@admin.register(Service)
class ServiceAdmin(ExchangeAdmin, CatalogAdmin):
    icon, place, fixed = "dns", 20, ("slug",)
    resource_classes = [ServiceResource]
    list_display = ["name", "slug", "tier", "owner", "customer", "retired_at"]
    list_filter = ["tier", "owner", ("retired_at", admin.EmptyFieldListFilter)]
    list_select_related = ["owner", "customer"]
    search_fields = ["name", "slug"]
    autocomplete_fields = ["owner", "customer"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [DependencyInline]


@admin.register(ServiceDependency)
class ServiceDependencyAdmin(CatalogAdmin):
    """Shown to be searched; edited on the page of the service."""

    group, icon, place = PARTS, "account_tree", 60
    list_display = ["service", "needs"]
    list_select_related = ["service", "needs"]
    search_fields = ["service__name", "needs__name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Resource)
class ResourceAdmin(ExchangeAdmin, CatalogAdmin):
    icon, place, fixed = "memory", 40, ("account", "identifier")
    resource_classes = [ResourceResource]
    list_display = ["identifier", "name", "kind", "account", "service", "environment"]
    list_filter = ["kind", "environment"]
    list_select_related = ["account", "service"]
    search_fields = ["identifier", "name"]
    autocomplete_fields = ["account", "service"]


@admin.register(LabelPrefix)
class LabelPrefixAdmin(CatalogAdmin):
    icon, place, fixed = "sell", 55, ("name",)
    list_display = ["name", "description", "required", "exclusive", "position"]
    search_fields = ["name"]


@admin.register(Label)
class LabelAdmin(ExchangeAdmin, CatalogAdmin):
    icon, place, fixed = "label", 50, ("prefix", "value")
    resource_classes = [LabelResource]
    list_display = ["prefix", "value", "description", "retired_at"]
    list_display_links = ["prefix", "value"]
    list_filter = ["prefix", ("retired_at", admin.EmptyFieldListFilter)]
    list_select_related = ["prefix"]
    search_fields = ["value", "prefix__name"]
    autocomplete_fields = ["prefix"]


class HoursInline(OwnRows):
    model = BusinessHours
    fields = ["weekday", "opens", "closes"]


class DaysInline(OwnRows):
    model = CalendarDay
    fields = ["date", "name", "opens", "closes"]


@admin.register(BusinessCalendar)
class BusinessCalendarAdmin(CatalogAdmin):
    icon, place = "calendar_month", 70
    list_display = ["name", "time_zone", "country", "subdivision"]
    search_fields = ["name"]
    inlines = [HoursInline, DaysInline]


class CalendarRowAdmin(CatalogAdmin):
    """Shown to be searched and for their history; edited on the page of the calendar."""

    group = PARTS
    list_select_related = ["calendar"]
    list_filter = ["calendar"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BusinessHours)
class BusinessHoursAdmin(CalendarRowAdmin):
    icon, place = "schedule", 71
    list_display = ["calendar", "weekday", "opens", "closes"]


@admin.register(CalendarDay)
class CalendarDayAdmin(CalendarRowAdmin):
    icon, place = "event", 72
    list_display = ["calendar", "date", "name", "opens", "closes"]
    search_fields = ["name"]
