from itsm.catalog.models.calendar import BusinessCalendar, BusinessHours, CalendarDay
from itsm.catalog.models.labels import Label, LabelPrefix
from itsm.catalog.models.services import (
    Account,
    Customer,
    Environment,
    Resource,
    Service,
    ServiceDependency,
    Tier,
)

__all__ = [
    "Account",
    "BusinessCalendar",
    "BusinessHours",
    "CalendarDay",
    "Customer",
    "Environment",
    "Label",
    "LabelPrefix",
    "Resource",
    "Service",
    "ServiceDependency",
    "Tier",
]
