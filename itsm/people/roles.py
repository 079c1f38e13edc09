"""The groups of the product and how migrations grant them permissions.

Groups carry permissions; ops managers may compose others. Commands ask for permissions
(`tickets.work_ticket`), never for a group by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

REQUESTER = "Requester"
RESPONDER = "Responder"
COMMANDER = "Incident Commander"
COMMUNICATIONS = "Communications Lead"
CHANGE_MANAGER = "Change Manager"
CAB_REVIEWER = "CAB Reviewer"
BUSINESS = "Business Approver"
SECURITY = "Security Approver"
ENGINEERING = "Engineering Approver"
OPS_MANAGER = "Ops Manager"
AUDITOR = "Auditor"
CUSTOMER = "Customer"

ALL = (
    REQUESTER,
    RESPONDER,
    COMMANDER,
    COMMUNICATIONS,
    CHANGE_MANAGER,
    CAB_REVIEWER,
    BUSINESS,
    SECURITY,
    ENGINEERING,
    OPS_MANAGER,
    AUDITOR,
    CUSTOMER,
)

#: Everybody who works here: all but customers, requesters and auditors.
STAFF = (
    RESPONDER,
    COMMANDER,
    COMMUNICATIONS,
    CHANGE_MANAGER,
    CAB_REVIEWER,
    BUSINESS,
    SECURITY,
    ENGINEERING,
    OPS_MANAGER,
)

#: The user name of the portal's own machine identity.
SYSTEM_USERNAME = "system"


def grant(apps: Any, app_label: str, grants: Mapping[str, Sequence[str]]) -> None:
    """In a migration: give groups permissions `model.codename`-wise, creating what is missing.

    `grants` maps a codename such as "work_ticket" to group names; the codename's last part names
    the model. Permissions are normally made after all migrations, hence the creation here.
    """
    content_type = apps.get_model("contenttypes", "ContentType")
    permission = apps.get_model("auth", "Permission")
    group = apps.get_model("auth", "Group")
    for codename, names in grants.items():
        verb, model = codename.rsplit("_", 1)
        kind, _ = content_type.objects.get_or_create(app_label=app_label, model=model)
        allowed, _ = permission.objects.get_or_create(
            content_type=kind, codename=codename, defaults={"name": f"Can {verb} {model}"}
        )
        for name in names:
            group.objects.get(name=name).permissions.add(allowed)
