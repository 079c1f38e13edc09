"""The story of one case: from its events to states, pauses, timeline and final facts. Pure.

Events are facts of another system; our machine has fewer and stricter edges. The replay walks the
legal edges only: a case that went from New to Resolved was taken up and resolved at that moment,
one that waited was taken up first. What the other system did not say is not made up: a state it
calls unknown keeps the previous one.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidents.imports.events import Event
from incidents.imports.mapping import Goal, Mapping
from incidents.imports.story import Entry, Facts, Move, Pause, Story
from incidents.models import TimelineEntry
from itsm.tickets.models import Ticket

State = Ticket.State
Kind, Stamp = TimelineEntry.Kind, TimelineEntry.Stamp

_DONE = (State.RESOLVED, State.CLOSED)


def replay(mapping: Mapping, events: Sequence[Event], facts: Facts | None = None) -> Story:
    """Tell the story of a case's events, in order; `facts`: what an earlier import knew."""
    teller = _Teller(mapping, Story(facts or Facts()), resumes=facts is not None)
    if facts is None:
        teller.open(events)
    for event in events:
        teller.follow(event)
    return teller.finish()


class _Teller:
    def __init__(self, mapping: Mapping, story: Story, *, resumes: bool) -> None:
        self.mapping, self.story, self.facts = mapping, story, story.facts
        self.paused_before = resumes and story.facts.paused_at > 0

    def open(self, events: Sequence[Event]) -> None:
        """The case is opened when it says so, or at its first event when that was earlier."""
        first = events[0]
        opened = min(first.opened_at, first.at)
        if opened < first.opened_at:
            self.warn(first, "this event lies before the opening: its time counts as the opening")
        if 0 < first.closed_at < opened or 0 < first.resolved_at < opened:
            self.warn(first, "resolved or closed before the opening: the times of the events count")
        self.facts.opened_at = opened
        how = f" ({first.contact.lower()})" if first.contact else ""
        who = _signed(first.opened_by)
        text = f"Opened in {self.mapping.system} as {first.number}{how}{who}"
        self.tell(Entry(opened, Kind.STATE, text, Stamp.DETECTED))

    def follow(self, event: Event) -> None:
        """Everything that one event changed, in the order in which a reader expects it."""
        self.classify(event)
        self.assign(event)
        self.relate(event)
        self.move(event)
        self.resolve_anew(event)
        self.judge_sla(event)
        self.facts.at, self.facts.modification = event.at, event.modification

    def finish(self) -> Story:
        """A pause that has not ended is one as well."""
        if self.facts.paused_at and not self.paused_before:
            self.story.pauses.append(Pause(self.facts.paused_at, 0))
        return self.story

    def tell(self, entry: Entry) -> None:
        self.story.entries.append(entry)

    def warn(self, event: Event, reason: str) -> None:
        self.story.warnings.append((event.line, reason))

    def classify(self, event: Event) -> None:
        """Impact, urgency and priority; without a priority of its own, the system's matrix."""
        facts = self.facts
        computed = self.mapping.matrix[event.impact, event.urgency]
        priority = event.priority if event.priority >= 0 else computed
        before = facts.priority
        facts.impact, facts.urgency, facts.priority = event.impact, event.urgency, priority
        if 0 <= before != priority:
            text = f"P{before} → P{priority} (impact {event.impact}, urgency {event.urgency})"
            level = self.mapping.levels[priority]
            self.tell(Entry(event.at, Kind.LEVEL, text, Stamp.CLASSIFIED, {"level": level}))

    def assign(self, event: Event) -> None:
        """A new group or person. A missing value says nothing: it takes nothing away."""
        facts = self.facts
        group, person = event.group or facts.group, event.person or facts.person
        if (group, person) == (facts.group, facts.person):
            return
        before = _holder(facts.group, facts.person)
        facts.group, facts.person = group, person
        text = f"Assigned to {_holder(group, person)}" + (f", before: {before}" if before else "")
        data = {"group": group, "person": person, "reassignments": event.reassignments}
        self.tell(Entry(event.at, Kind.ASSIGNMENT, text, data=data))

    def relate(self, event: Event) -> None:
        """Problem and changes of the other system, once each is known."""
        for name, kind, text in (
            ("problem", Kind.NOTE, "Linked to problem {}"),
            ("change", Kind.CHANGE, "Linked to change {}"),
            ("caused_by", Kind.CHANGE, "Caused by change {}"),
        ):
            value = getattr(event, name)
            if value and value != getattr(self.facts, name):
                setattr(self.facts, name, value)
                self.tell(Entry(event.at, kind, text.format(value), data={name: value}))

    def judge_sla(self, event: Event) -> None:
        if self.facts.made_sla == "true" and event.made_sla == "false":
            text = f"The SLA was missed, by {self.mapping.system}'s own count"
            self.tell(Entry(event.at, Kind.NOTE, text, data={"made_sla": False}))
        self.facts.made_sla = event.made_sla or self.facts.made_sla

    def move(self, event: Event) -> None:
        """Walk the legal edges from the present state to the one that the event names."""
        goal = self.goal(event)
        if goal is None:
            return
        facts = self.facts
        done_at = self.resolved_moment(event) if goal.state in _DONE else event.at
        while (facts.state, facts.waiting_on) != (goal.state, goal.waiting_on):
            step = hop(facts.state, goal.state)
            last = step == State.CLOSED
            at = max(done_at, self.closed_moment(event)) if last else done_at
            self.step(step, goal.waiting_on if step == State.WAITING else "", at, event)

    def goal(self, event: Event) -> Goal | None:
        """Where the event leads; None when that is where the case is, or cannot be known."""
        goal = self.mapping.goal(event.state)
        if goal is None:
            if event.state.casefold() in self.mapping.unknown_states:
                self.warn(event, f"state {event.state} is unknown: the previous state is kept")
            return None
        if self.facts.state == State.CANCELLED and goal.state != State.CANCELLED:
            self.warn(event, "the case was cancelled and went on: later states are not followed")
            return None
        if goal.state == State.NEW and self.facts.state != State.NEW:
            return Goal(State.IN_PROGRESS)  # handed back to the queue is still being worked on
        return goal

    def resolved_moment(self, event: Event) -> int:
        """The given time of resolution where it lies between the last event and this one."""
        fits = max(self.facts.at, self.facts.opened_at) <= event.resolved_at <= event.at
        return event.resolved_at if fits and self.facts.state not in _DONE else event.at

    def closed_moment(self, event: Event) -> int:
        fits = max(self.facts.at, self.facts.opened_at) <= event.closed_at <= event.at
        return event.closed_at if fits else event.at

    def step(self, state: str, waiting_on: str, at: int, event: Event) -> None:
        facts = self.facts
        before = facts.state
        self.story.moves.append(Move(before, state, waiting_on, at, self.why(event)))
        self.end_pause(at)
        facts.state, facts.waiting_on = state, waiting_on
        if waiting_on == Ticket.WaitingOn.CUSTOMER:
            facts.paused_at, self.paused_before = at, False
        self.note_moments(before, at)
        self.tell(self.entry_of(before, at, event))

    def note_moments(self, before: str, at: int) -> None:
        facts = self.facts
        if before == State.NEW and facts.state == State.IN_PROGRESS:
            facts.responded_at = at
        if before in _DONE and facts.state == State.IN_PROGRESS:
            facts.resolved_at = facts.closed_at = 0
        if facts.state == State.RESOLVED:
            facts.resolved_at = at
        if facts.state in (State.CLOSED, State.CANCELLED):
            facts.closed_at = at

    def end_pause(self, at: int) -> None:
        """Leave out what began and ended in the same minute: it stopped no clock."""
        started, self.facts.paused_at = self.facts.paused_at, 0
        if started and (at > started or self.paused_before):
            self.story.pauses.append(Pause(started, max(at, started), self.paused_before))
        self.paused_before = False

    def why(self, event: Event) -> str:
        who = f" by {event.who}" if event.who else ""
        return f"{self.mapping.system}: {event.state}{who} (line {event.line})"

    def entry_of(self, before: str, at: int, event: Event) -> Entry:
        """How a reader of the timeline is told of the step that was just made."""
        who, said = _signed(event.who), self.said(event)
        data = {"state": event.state}
        match before, self.facts.state:
            case State.NEW, State.IN_PROGRESS:
                return Entry(at, Kind.STATE, f"Taken up{said}{who}", Stamp.ACKNOWLEDGED, data)
            case _, State.WAITING:
                waiting = "customer" if self.facts.paused_at else "supplier"
                return Entry(at, Kind.STATE, f"Waiting on {waiting}{said}{who}", "", data)
            case _, State.RESOLVED:
                return Entry(at, Kind.RESOLUTION, _resolution(event), Stamp.RESOLVED, data)
            case ((State.RESOLVED | State.CLOSED), _) if self.facts.state == State.IN_PROGRESS:
                return Entry(at, Kind.STATE, f"Reopened{said}{who}", "", data)
            case State.WAITING, State.IN_PROGRESS:
                return Entry(at, Kind.STATE, f"Work goes on{said}{who}", "", data)
        return Entry(at, Kind.STATE, f"{State(self.facts.state).label}{who}", "", data)

    def said(self, event: Event) -> str:
        """The other system's word for the state just reached, unless it was only passed through."""
        goal = self.mapping.goal(event.state)
        return f" ({event.state})" if goal and goal.state == self.facts.state else ""

    def resolve_anew(self, event: Event) -> None:
        """A later time of resolution, as the system counts it, is a new stamp."""
        facts, given = self.facts, event.resolved_at
        if facts.state in _DONE and facts.resolved_at < given <= event.at:
            facts.resolved_at = given
            if facts.closed_at:
                facts.closed_at = max(facts.closed_at, given)
            more = f"; {self.mapping.system} counts the resolution from here"
            text = _resolution(event, more)
            self.tell(Entry(given, Kind.RESOLUTION, text, Stamp.RESOLVED))


def hop(state: str, goal: str) -> str:
    """The next state on the legal way from `state` to another state `goal`."""
    if goal == State.CANCELLED and state not in _DONE:
        return State.CANCELLED
    if state == State.RESOLVED and goal == State.CLOSED:
        return State.CLOSED
    if state == State.NEW or state in _DONE:
        return State.IN_PROGRESS
    if goal in _DONE:
        return State.RESOLVED
    return State.WAITING if state == State.IN_PROGRESS else State.IN_PROGRESS


def _holder(group: str, person: str) -> str:
    return ", ".join(part for part in (group, person) if part)


def _signed(who: str) -> str:
    return f" — {who}" if who else ""


def _resolution(event: Event, more: str = "") -> str:
    code = f": {event.code}" if event.code else ""
    return f"Resolved{code}{more}{_signed(event.resolved_by or event.who)}"
