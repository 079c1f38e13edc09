"""What every admin page stands on: the site, audited forms, decisions as buttons, history, jobs.

The admin is a door like the others: it writes through commands, or through forms that leave a
history row with who, when, why and from where. It has no tables of its own.
"""

from itsm.core.admin.base import AppendOnlyAdmin, AuditedAdmin, AuditedInline, ReadOnlyAdmin
from itsm.core.admin.decisions import DecidedAdmin, Decision, Secret
from itsm.core.admin.exchange import ExchangeAdmin, ExchangeResource
from itsm.core.admin.jobs import Fact, Panel, job_panel
from itsm.core.admin.policies import PolicyAdmin, PolicyRows
from itsm.core.admin.site import Page, PortalAdminSite

__all__ = [
    "AppendOnlyAdmin",
    "AuditedAdmin",
    "AuditedInline",
    "DecidedAdmin",
    "Decision",
    "ExchangeAdmin",
    "ExchangeResource",
    "Fact",
    "Page",
    "Panel",
    "PolicyAdmin",
    "PolicyRows",
    "PortalAdminSite",
    "ReadOnlyAdmin",
    "Secret",
    "job_panel",
]
