"""What is going on right now: incidents and tickets in every state, made by the real commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from incidents.actions import declaring, facts, incident, merging
from incidents.intake import actions as integrations
from incidents.intake.adapters import adapters
from incidents.intake.keys import address
from incidents.intake.process import take_in
from incidents.models import Incident, Integration, Level
from itsm.catalog.models import Label
from itsm.demo import requests
from itsm.demo.catalog import Catalog
from itsm.demo.stage import Stage
from itsm.people.models import User
from itsm.people.system import system_user
from itsm.tickets.actions import comments, evidence, labels
from itsm.tickets.actions import ticket as tickets
from itsm.tickets.models import Ticket

_LOG = """\
{at} acquirer=north status=504 ms=10002 attempt=1
{at} acquirer=north status=504 ms=10001 attempt=2
{at} acquirer=south status=200 ms=164 attempt=3
"""


def perform(users: Mapping[str, User], catalog: Catalog) -> str:
    """Act out everything; returns the secret address of the Alertmanager integration."""
    made, key = integrations.create(
        by=users["ngaio"], kind=Integration.Kind.ALERTMANAGER, name="Kauri Grid Alertmanager"
    )
    stage = Stage(users, catalog, made, timezone.now())
    _payments_fail(stage)
    _sign_in_fails(stage)
    _readings_late(stage)
    _starts_fail(stage)
    _map_stale(stage)
    _healed(stage)
    _false_alarm(stage)
    _certificate(stage)
    requests.perform(stage)
    return address(made, key)


def _alert(stage: Stage, name: str, service: str, severity: str, **more: Any) -> Incident | None:
    """Post one alert as Alertmanager would; the incident that it opened or joined."""
    firing = more.get("firing", True)
    started = stage.ago(more.get("minutes", 12))
    alert = {
        "status": "firing" if firing else "resolved",
        "labels": {
            "alertname": name,
            "service": service,
            "severity": severity,
            "environment": "prod",
            "instance": more.get("instance", f"{service}-1"),
        },
        "annotations": {"summary": more.get("summary", name)},
        "startsAt": started.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z" if firing else stage.ago(1).isoformat(),
        "generatorURL": "https://metrics.demo.example/graph",
        "fingerprint": more.get("fingerprint", f"{name}-{service}".lower()),
    }
    body = {"version": "4", "status": "firing", "receiver": "itsm", "alerts": [alert]}
    batch = adapters["alertmanager"](body, {}, timezone.now())
    receipt = take_in(stage.integration, batch, by=system_user())
    return receipt.incidents[0] if receipt.incidents else None


def _opened(found: Incident | None) -> Incident:
    if found is None:
        raise ValueError("an alert of the demo data opened no incident: look at the routing rules")
    return found


def _label(ticket: Ticket, by: User, *names: str) -> None:
    for name in names:
        labels.add(ticket, by=by, label=Label.objects.in_use().named(name).get())


def _take(made: Incident, *, by: User) -> None:
    """Acknowledge it and put a name on it."""
    incident.acknowledge(made, by=by)
    tickets.assign(made.ticket, by=by, team=made.ticket.team, assignee=by)


def _payments_fail(stage: Stage) -> None:
    """SEV-1 from an alert, under investigation; a customer's report is merged into it."""
    kwame, tomasz, amara = (stage.users[name] for name in ("kwame", "tomasz", "amara"))
    summary = "Card payments: 8 % answered with an error"
    made = _opened(
        _alert(stage, "PaymentErrorRateHigh", "payment-service", "critical", summary=summary)
    )
    _take(made, by=kwame)
    facts.set_category(made, by=kwame, category=Incident.Category.THIRD_PARTY)
    incident.investigate(made, by=kwame, note="only one of the two acquirers answers late")
    facts.note(made, by=tomasz, text="IC: Tomasz leads. Kwame on payments, Amara on the network.")
    facts.note(made, by=amara, text="ENG: no packet loss on the line to the acquirer.")
    _label(made.ticket, kwame, "service:cloudops", "env:prod", "tier:critical", "rca:3rd-party")
    log = _LOG.format(at=stage.ago(9).isoformat(timespec="seconds"))
    evidence.attach(
        made.ticket,
        by=kwame,
        name="acquirer-requests.log",
        content=[log.encode()],
        content_type="text/plain",
        internal=True,
    )
    comments.add(
        made.ticket,
        by=kwame,
        body="One acquirer answers late. Payments are tried again through the other one.",
    )
    reported = declaring.declare(
        by=amara,
        level=Level.MEDIUM,
        title="Customers report failed card payments",
        service=stage.catalog.services["payment-service"],
        environment="prod",
    )
    merging.merge(reported, by=tomasz, into=made, reason="the same failed payments")


def _sign_in_fails(stage: Stage) -> None:
    """SEV-0, mitigated: users are back, the cause remains."""
    fatima, tomasz = stage.users["fatima"], stage.users["tomasz"]
    made = declaring.declare(
        by=tomasz,
        level=Level.CRITICAL,
        title="Nobody can sign in: the identity provider refuses every token",
        description="Staff and customers alike. Sessions that are open go on.",
        service=stage.catalog.services["identity-provider"],
        environment="prod",
        category=Incident.Category.SECURITY,
        level_reason="Every customer and the control room are locked out",
        started_at=stage.ago(26),
    )
    _take(made, by=fatima)
    incident.investigate(made, by=fatima)
    text = "The signing key was rotated at 02:00; two of three nodes still hold the old one."
    facts.note(made, by=fatima, text=f"ENG: {text}", at=stage.ago(8))
    incident.identify(made, by=fatima, note="nodes with an old signing key")
    incident.mitigate(made, by=fatima, note="traffic goes to the node with the new key only")
    facts.note(
        made, by=stage.users["leilani"], text="COMMS: update sent to Kauri Grid's control room."
    )
    _label(made.ticket, fatima, "service:identity", "env:prod", "tier:critical")
    _label(made.ticket, fatima, "blast:multi-service", "rca:config-drift", "ke:none")


def _readings_late(stage: Stage) -> None:
    """SEV-2, cause identified."""
    meiling = stage.users["meiling"]
    made = declaring.declare(
        by=meiling,
        level=Level.MEDIUM,
        title="Half-hourly readings arrive 40 minutes late",
        service=stage.catalog.services["metering-ingest"],
        environment="prod",
        category=Incident.Category.DATA,
        started_at=stage.ago(95),
    )
    _take(made, by=meiling)
    incident.investigate(made, by=meiling)
    incident.identify(made, by=meiling, note="one partition has had no consumer since the release")
    _label(made.ticket, meiling, "service:compute", "env:prod", "rca:code-defect")


def _starts_fail(stage: Stage) -> None:
    """SEV-2 from alerts of two accounts, raised to SEV-1 by the commander."""
    tomasz, diego = stage.users["tomasz"], stage.users["diego"]
    name, service = "SchedulerStartFailed", "instance-scheduler"
    made = _opened(
        _alert(
            stage,
            name,
            service,
            "error",
            minutes=31,
            summary="4 of 14 instances did not start at 08:00",
        )
    )
    _take(made, by=diego)
    facts.set_level(
        made, by=tomasz, level=Level.HIGH, reason="billing-prod is among them and invoices wait"
    )
    incident.investigate(made, by=diego, note="the provider throttles the calls")


def _map_stale(stage: Stage) -> None:
    """SEV-1, resolved and verified after one attempt that did not hold; its review is to come."""
    meiling, amara = stage.users["meiling"], stage.users["amara"]
    made = declaring.declare(
        by=amara,
        level=Level.HIGH,
        title="Outage map shows outages that ended yesterday",
        service=stage.catalog.services["outage-map"],
        environment="prod",
        category=Incident.Category.APPLICATION,
        level_reason="A storm is coming and the map is the first thing people look at",
        started_at=stage.ago(210),
    )
    _take(made, by=meiling)
    incident.investigate(made, by=meiling)
    tried = {"kind": "workaround", "resolution": "Cache of the map emptied at both sites."}
    incident.resolve(
        made, by=meiling, verification="The second site still shows it.", verified=False, **tried
    )
    incident.resolve(
        made,
        by=meiling,
        kind="permanent",
        resolution="The feed's cursor was set back behind the entries that could not be read.",
        verification="Map and control room agree for all six regions.",
    )
    _label(made.ticket, meiling, "rca:code-defect", "env:prod", "tier:important")


def _healed(stage: Stage) -> None:
    """An alert that cleared before anybody came."""
    for firing in (True, False):
        _alert(
            stage,
            "BrokerRestarted",
            "message-bus",
            "warning",
            firing=firing,
            minutes=6,
            summary="Broker 2 left the cluster and came back",
        )


def _false_alarm(stage: Stage) -> None:
    made = declaring.declare(
        by=stage.users["diego"],
        level=Level.MEDIUM,
        title="VPN gateway unreachable from outside",
        service=stage.catalog.services["vpn-gateway"],
    )
    reason = "The probe stood in a network that was cut off by itself"
    incident.cancel(made, by=stage.users["tomasz"], reason=reason)


def _certificate(stage: Stage) -> None:
    """SEV-3 from an alert that nobody has acknowledged yet."""
    _alert(
        stage,
        "CertificateExpiresSoon",
        "sms-gateway",
        "warning",
        minutes=3,
        summary="The certificate of the SMS gateway expires in 6 days",
    )
