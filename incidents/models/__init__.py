from incidents.models.alert import Alert, AlertGroup, DeadLetter, DropCount, Integration
from incidents.models.incident import Incident
from incidents.models.routing import RoutingRule
from incidents.models.severity import Level, SeverityLevel, SeverityPolicy
from incidents.models.timeline import TimelineEntry

__all__ = [
    "Alert",
    "AlertGroup",
    "DeadLetter",
    "DropCount",
    "Incident",
    "Integration",
    "Level",
    "RoutingRule",
    "SeverityLevel",
    "SeverityPolicy",
    "TimelineEntry",
]
