"""What a person can do with an incident now, and what stands against the rest: for the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from incidents import rules
from incidents.models import Incident
from itsm.core import transitions
from itsm.core.rules import Rule
from itsm.people.models import User

#: What the record says against it now, or "".
Against = Callable[[Incident], str]


@dataclass(frozen=True, slots=True)
class Verb:
    """A command as the page offers it. `name` is the command's verb and the end of its address."""

    name: str
    label: str
    icon: str
    against: Against
    may: Rule
    who: str
    consequence: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A verb for one reader and one incident; with a `reason` it is disabled and says so."""

    verb: Verb
    label: str
    reason: str
    who: str
    possible: bool


def _move(name: str) -> Against:
    """What stands against a transition of the model: the wrong state, or unmet conditions."""

    def against(incident: Incident) -> str:
        return next(iter(transitions.missing(getattr(incident, name))), "")

    return against


def _resolve(incident: Incident) -> str:
    return rules.resolve_needs_acknowledgement(incident) or _move("mark_resolved")(incident)


def _nothing(incident: Incident) -> str:
    return ""


VERBS = (
    Verb("acknowledge", "Acknowledge", "check", _move("mark_acknowledged"), rules.may_respond,
         rules.RESPONDERS, "You have it: the response clock stops and the ticket is in progress."),
    Verb("investigate", "Investigate", "search", _move("mark_investigating"), rules.may_respond,
         rules.RESPONDERS, "The state says that somebody looks for the cause."),
    Verb("identify", "Identify cause of", "flag", _move("mark_identified"), rules.may_respond,
         rules.RESPONDERS, "The state says that the cause is known."),
    Verb("mitigate", "Mitigate", "pause", _move("mark_mitigated"), rules.may_respond,
         rules.RESPONDERS, "The state says that users are no longer hurt; the clock runs on."),
    Verb("resolve", "Resolve", "check", _resolve, rules.may_respond, rules.RESPONDERS,
         "Verified, the resolution clock stops; not verified, the incident stays open."),
    Verb("waive_review", "Waive review of", "undo", rules.review_can_be_waived, rules.may_waive,
         rules.OPS_MANAGERS, "The ticket is resolved and the incident can be closed."),
    Verb("close", "Close", "state-done", _move("mark_closed"), rules.may_command, rules.COMMANDERS,
         "Incident and ticket are closed; they can be reopened for 14 days after the resolution."),
    Verb("reopen", "Reopen", "undo", _move("mark_reopened"), rules.may_respond, rules.RESPONDERS,
         "It is under investigation again and the resolution clock runs on."),
    Verb("set_level", "Change severity of", "escalate", rules.level_can_change, rules.may_command,
         rules.COMMANDERS, "The response target follows; the highest level means at least P1."),
    Verb("set_category", "Categorise", "label", _nothing, rules.may_respond, rules.RESPONDERS,
         "The category is for finding and counting."),
    Verb("merge", "Merge", "merge", _move("mark_merged"), rules.may_command, rules.COMMANDERS,
         "Its alerts move to the other incident; this one ends here and its ticket is cancelled."),
    Verb("cancel", "Cancel", "state-off", _move("mark_cancelled"), rules.may_command,
         rules.COMMANDERS, "A false alarm: incident and ticket end here.", kind="danger"),
)  # fmt: skip

BY_NAME = {verb.name: verb for verb in VERBS}

#: The usual next step of each state.
NEXT = {
    Incident.State.DETECTED: "acknowledge",
    Incident.State.ACKNOWLEDGED: "investigate",
    Incident.State.INVESTIGATING: "identify",
    Incident.State.IDENTIFIED: "mitigate",
    Incident.State.MITIGATED: "resolve",
    Incident.State.RESOLVED: "close",
}


def offer(verb: Verb, incident: Incident, by: User) -> Offer:
    against = verb.against(incident)
    reason = against or verb.may(by, incident)
    who = "" if against or not reason else verb.who
    return Offer(verb, f"{verb.label} {incident}", reason, who, possible=not against)


def offers(incident: Incident, by: User) -> list[Offer]:
    """Every verb, in the order of an incident's life."""
    return [offer(verb, incident, by) for verb in VERBS]


def next_step(found: list[Offer], incident: Incident) -> Offer | None:
    """The main action of the page, possible for this reader or not."""
    name = NEXT.get(Incident.State(incident.state))
    return next((one for one in found if one.verb.name == name), None)
