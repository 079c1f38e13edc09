"""State machines: conditions that carry a sentence, and one way to ask "can it".

Transitions are declared on the models with django-fsm. `has_transition_perm` is not used: it is
also false in a wrong state, which would turn a 409 into a 403.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django_fsm import FSMField

from itsm.core.errors import WrongState

Check = TypeVar("Check", bound=Callable[[Any], bool])


def condition(sentence: str) -> Callable[[Check], Check]:
    """Give a transition condition the sentence that a page shows while it does not hold."""

    def mark(check: Check) -> Check:
        check.sentence = sentence  # type: ignore[attr-defined]
        return check

    return mark


def missing(move: Callable[..., Any]) -> list[str]:
    """Sentences for what stands against the bound transition `move` now; empty when it can run."""
    machine = move._django_fsm  # type: ignore[attr-defined]
    record = move.__self__  # type: ignore[attr-defined]
    state = machine.field.get_state(record)
    edge = machine.get_transition(state)
    if edge is None:
        return [f"{record} is {state_label(record, machine.field)}, which does not lead there."]
    return [
        getattr(check, "sentence", check.__name__)
        for check in edge.conditions or ()
        if not check(record)
    ]


def ensure_can(move: Callable[..., Any]) -> None:
    """Raise WrongState (409) with the unmet conditions unless the transition can run now."""
    if reasons := missing(move):
        raise WrongState(reasons[0], missing=reasons)


def state_label(record: Any, field: FSMField) -> str:
    label = getattr(record, f"get_{field.name}_display")()
    return str(label).lower()
