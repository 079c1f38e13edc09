"""OPS-180: the change that the demo data tells, from the question to the evidence."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence

from django.db import connection

from itsm.catalog.models import Label, Resource
from itsm.demo.catalog import Catalog
from itsm.demo.estate import is_late
from itsm.people.models import User
from itsm.tickets.actions import comments, evidence, labels, scope
from itsm.tickets.actions import ticket as tickets
from itsm.tickets.models import Impact, Ticket, Urgency

#: The reference is the key: the story is always told of this one.
KEY = 180

TITLE = "Extend overnight EC2 scheduling beyond 8 accounts"

DESCRIPTION = """\
The instance scheduler stops instances at 20:00 and starts them at 08:00, Monday to Friday, in 8
accounts of Kauri Grid. Finance asks for all accounts that have instances.

**What is asked for**

- The same hours in every account with EC2 instances: stop 20:00, start 08:00, Monday to Friday,
  Pacific/Auckland.
- Workloads that must never stop are named by the customer before the pilot opens.
- One account first; the others only after its results were looked at.

**What is known**

| source | instances | accounts |
|---|---|---|
| customer's spreadsheet | 110 | 16 |
| organisation-wide search | 117 | 17 |
| AWS Config, environment tag only | 94 | 13 |
| billing | EC2 is 1.88 % of spend | |

The 7 instances that the spreadsheet lacks were launched after it was written. The 23 that the tag
query lacks carry `stg` or `uat` where the standard says `staging`: the tags are mended first.

**Worth**: about $2,400 a month (16 accounts at $150), less $180 for alarms.

**Way back**: disable the schedule and start everything that it stopped; tried in the sandbox.
"""

LABELS = (
    "itsm-type:change",
    "cr:normal",
    "service:ec2",
    "tier:important",
    "blast:multi-service",
    "env:prod",
    "rca:unknown",
    "ke:none",
)

#: Who says what, in this order; internal ones stay among colleagues.
COMMENTS: Sequence[tuple[str, str, bool]] = (
    (
        "amara",
        (
            "The customer's spreadsheet and the organisation-wide search do not agree: 110 in 16 "
            "accounts against 117 in 17. All 7 were launched in the last fortnight, 3 of them in "
            "`outage-map-prod`, which the spreadsheet does not know. Both lists are attached."
        ),
        False,
    ),
    (
        "yusuf",
        (
            "Nothing changes in encryption or policies; CloudTrail records each stop and start. "
            "The role needs `ec2:StopInstances` and `ec2:StartInstances` on tagged "
            "instances only: please show the policy with the draft."
        ),
        True,
    ),
    (
        "amara",
        (
            "By phone from Rewi Henare: the control room uses two machines in `shared-services` at "
            "night. The list of what must never stop comes before the pilot opens."
        ),
        False,
    ),
    (
        "chloe",
        (
            "Rollback tried in the sandbox: schedule disabled, 6 of 6 instances back within four "
            "minutes."
        ),
        True,
    ),
)


def tell(users: Mapping[str, User], catalog: Catalog) -> Ticket:
    """Raise OPS-180 with its scope, labels, evidence and comments; it ends triaged."""
    amara, rewi = users["amara"], users["rewi"]
    next_key(KEY)
    ticket = tickets.raise_ticket(
        by=amara,
        requester=rewi,
        title=TITLE,
        description=DESCRIPTION,
        type=Ticket.Type.CHANGE,
        service=catalog.services["instance-scheduler"],
        environment="prod",
        impact=Impact.LOW,
        urgency=Urgency.LOW,
    )
    for account in catalog.accounts:
        scope.include(ticket, by=amara, thing=account)
    for name in LABELS:
        labels.add(ticket, by=amara, label=_label(name))
    _attach(ticket, amara, catalog.instances)
    tickets.assign(ticket, by=amara, team=ticket.team, assignee=amara)
    for username, body, internal in COMMENTS:
        comments.add(ticket, by=users[username], body=body, internal=internal)
    return tickets.triage(ticket, by=amara, reason="Both inventories are attached")


def next_key(key: int) -> None:
    """Let the next ticket have this key; the ones after it count on. There must be none above."""
    table = Ticket._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "select setval(pg_get_serial_sequence(%s, 'id'), %s, false)", [table, key]
            )
            return
        cursor.execute("delete from sqlite_sequence where name = %s", [table])
        cursor.execute("insert into sqlite_sequence (name, seq) values (%s, %s)", [table, key - 1])


def _label(text: str) -> Label:
    return Label.objects.in_use().named(text).get()


def _attach(ticket: Ticket, by: User, instances: Sequence[Resource]) -> None:
    """The two inventories, as files that agree with the catalog."""
    files = (
        ("instances-from-customer.csv", "text/csv", _spreadsheet(instances)),
        ("organisation-wide-search.json", "application/json", _search(instances)),
    )
    for name, kind, text in files:
        content = [text.encode()]
        evidence.attach(ticket, by=by, name=name, content=content, content_type=kind)


def _spreadsheet(instances: Sequence[Resource]) -> str:
    """What the customer knew: without the instances that were launched afterwards."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["account", "account name", "instance", "name", "environment"])
    for instance in instances:
        if not is_late(instance):
            account = instance.account
            about = (instance.identifier, instance.name, instance.environment)
            writer.writerow([account.number, account.name, *about])
    return out.getvalue()


def _search(instances: Sequence[Resource]) -> str:
    counts = Counter(instance.account.name for instance in instances)
    found = {
        "query": "ec2 instances, whole organisation",
        "total": len(instances),
        "accounts": dict(sorted(counts.items())),
        "instances": [instance.identifier for instance in instances],
    }
    return json.dumps(found, indent=1)
