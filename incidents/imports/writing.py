"""Writing planned cases: everything of a batch in one transaction, by statements for many rows.

The one place beside the commands that writes states: it records what happened elsewhere, at the
times at which it happened, and decides nothing. A run that dies leaves whole batches only, and the
next run finds them there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import models, transaction
from django.utils.text import slugify

from incidents.imports import records
from incidents.imports.events import Event
from incidents.imports.planning import Plan, Standing, plan
from incidents.imports.records import Setting
from incidents.imports.story import Story
from incidents.models import Incident
from itsm.core import context
from itsm.core.commands import save
from itsm.core.history import write_many
from itsm.core.inserts import insert
from itsm.people.models import Team
from itsm.tickets.models import ClockPause, Ticket

M = TypeVar("M", bound=models.Model)


@dataclass(slots=True)
class Told:
    """A case whose story is to be written, and the records it becomes."""

    plan: Plan
    story: Story
    last: Event = field(init=False)
    ticket: Ticket = field(init=False)
    incident: Incident = field(init=False)


def write(setting: Setting, cases: Sequence[Sequence[Event]]) -> list[Plan]:
    """Bring the database up to what the cases say, all or nothing; returns what was found."""
    with context.use(user=setting.by), transaction.atomic():
        plans = plan(setting.mapping, cases, lock=True)
        told = [Told(p, p.story) for p in plans if p.story is not None]
        _make_teams(setting, told)
        _add([t for t in told if t.plan.standing == Standing.NEW], setting)
        for t in told:
            if t.plan.standing == Standing.LATER:
                _go_on(t, setting)
    return plans


def _make_teams(setting: Setting, told: Iterable[Told]) -> None:
    """Groups that have no team of their name yet become one."""
    groups = {t.story.facts.group for t in told} - {"", *setting.teams}
    known = {t.name: t for t in Team.objects.filter(name__in=[group[:80] for group in groups])}
    for group in sorted(groups):
        name = group[:80]
        setting.teams[group] = known.get(name) or _make_team(setting, name)
        known[name] = setting.teams[group]


def _make_team(setting: Setting, name: str) -> Team:
    base = slugify(name)[:70] or "team"
    taken = set(Team.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug = base
    for number in range(2, len(taken) + 3):
        if slug not in taken:
            break
        slug = f"{base}-{number}"
    team = Team(name=name, slug=slug, description=f"From {setting.mapping.system}.")
    return save(team, reason=f"Imported from {setting.file}", created=True)


def _add(new: Sequence[Told], setting: Setting) -> None:
    """Tickets and incidents with their history, then everything that hangs on them."""
    for t in new:
        t.last = records.latest(t.plan.events, t.story.facts)
    tickets = [records.new_ticket(setting, t.last, t.story.facts) for t in new]
    insert(tickets)
    incidents = [
        records.new_incident(setting, t.last, t.story.facts, ticket)
        for t, ticket in zip(new, tickets, strict=True)
    ]
    insert(incidents)
    for t, ticket, incident in zip(new, tickets, incidents, strict=True):
        t.ticket, t.incident = ticket, incident
        reason = setting.reason(min(event.line for event in t.plan.events))
        ticket._change_reason = incident._change_reason = reason  # type: ignore[attr-defined]
    write_many(tickets, reason="")
    write_many(incidents, reason="")
    _hang(new, setting)


def _hang(told: Sequence[Told], setting: Setting) -> None:
    """State changes, pauses and timelines of many cases, in a few statements."""
    moves = [records.state_change(setting, t.ticket, m) for t in told for m in t.story.moves]
    insert(moves)
    paused = [pause for t in told for pause in records.pauses(t.ticket, t.story)]
    insert(paused)
    write_many(paused, reason=f"Imported from {setting.file}")
    entries = [
        records.timeline_entry(setting, t.incident, entry)
        for t in told
        for entry in t.story.entries
    ]
    receipts = [
        records.receipt(setting, t.incident, t.ticket, t.plan.events, t.story.facts) for t in told
    ]
    insert(entries + receipts)


def _go_on(t: Told, setting: Setting) -> None:
    """Append later events to a case that is known, and bring its two records up to them."""
    known, facts = t.plan.ticket, t.story.facts
    if known is None:
        raise ValueError("a case with later events has a ticket")
    event = t.last = records.latest(t.plan.events, facts)
    fields = records.ticket_fields(setting, event, facts) | _what_earlier_events_said(known, event)
    t.ticket = _rewritten(known, setting, event, **fields)
    policy = setting.severity_policy(facts.opened_at)
    fields = records.incident_fields(setting, event, facts, policy)
    t.incident = _rewritten(known.incident, setting, event, **fields)
    _end_open_pause(t.ticket, t.story, setting)
    _hang([t], setting)


def _what_earlier_events_said(ticket: Ticket, event: Event) -> dict[str, str]:
    """An excerpt with the later events only may lack what the title was made of."""
    return {} if event.title or event.category else {"title": ticket.title}


def _rewritten(record: M, setting: Setting, event: Event, **changes: object) -> M:
    """The record with other values and its history row. A new instance, because a protected state
    is set once, when an instance is made."""
    values = {f.attname: getattr(record, f.attname) for f in record._meta.concrete_fields}
    changes |= {"version": values["version"] + 1, "updated_at": setting.now}
    new = type(record)(**values | changes)
    new._state.adding = False
    names = [name.removesuffix("_id") for name in changes]
    type(record)._default_manager.bulk_update([new], names)
    write_many([new], reason=setting.reason(event.line), operation="~")
    return new


def _end_open_pause(ticket: Ticket, story: Story, setting: Setting) -> None:
    """The pause that an earlier import left open, when these events end it."""
    for told in (pause for pause in story.pauses if pause.goes_on):
        pause = ClockPause.objects.filter(ticket=ticket, ended_at=None).first()
        if pause is not None:
            pause.ended_at = records.moment(told.ended_at)
            save(pause, reason=f"Imported from {setting.file}")
