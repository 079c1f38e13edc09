"""Work beside incidents: a problem, a request that waits, one that is resolved, a new one."""

from __future__ import annotations

from itsm.demo.stage import Stage
from itsm.tickets.actions import links
from itsm.tickets.actions import ticket as tickets
from itsm.tickets.models import Impact, Ticket, TicketLink, Urgency


def perform(stage: Stage) -> None:
    _problem(stage)
    _request_that_waits(stage)
    _request_resolved(stage)
    tickets.raise_ticket(
        by=stage.users["mele"],
        title="Please add Hana Kobayashi to the finance report",
        description="She decides on spending from next month on.",
        type=Ticket.Type.SERVICE_REQUEST,
        service=None,
    )


def _problem(stage: Stage) -> None:
    meiling = stage.users["meiling"]
    problem = tickets.raise_ticket(
        by=meiling,
        title="Consumers are not started again after a release of the readings service",
        description="Third time in six weeks. A release leaves one partition without a consumer.",
        type=Ticket.Type.PROBLEM,
        service=stage.catalog.services["metering-ingest"],
        environment="prod",
        impact=Impact.HIGH,
        urgency=Urgency.LOW,
    )
    tickets.start(problem, by=meiling)
    late = Ticket.objects.filter(
        incident__isnull=False, title__startswith="Half-hourly readings arrive"
    )
    for ticket in late.order_by("-pk")[:3]:
        links.add(ticket, by=meiling, to=problem, kind=TicketLink.Kind.CAUSED_BY)


def _request_that_waits(stage: Stage) -> None:
    amara, rewi = stage.users["amara"], stage.users["rewi"]
    request = tickets.raise_ticket(
        by=amara,
        requester=rewi,
        title="Read access to the outage reports for the field teams",
        type=Ticket.Type.SERVICE_REQUEST,
        service=stage.catalog.services["outage-map"],
        urgency=Urgency.HIGH,
    )
    tickets.assign(request, by=amara, team=request.team, assignee=stage.users["meiling"])
    tickets.start(request, by=stage.users["meiling"])
    reason = "Which of the four field teams shall see them?"
    tickets.wait(request, by=stage.users["meiling"], on="customer", reason=reason)


def _request_resolved(stage: Stage) -> None:
    kwame = stage.users["kwame"]
    request = tickets.raise_ticket(
        by=kwame,
        requester=stage.users["mele"],
        title="New headset for the service desk",
        type=Ticket.Type.SERVICE_REQUEST,
        team=None,
    )
    tickets.start(request, by=kwame)
    tickets.resolve(request, by=kwame, resolution="Handed over at the desk on the second floor.")
