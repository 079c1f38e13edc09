"""State machines: conditions that carry a sentence, and one way to ask "can it".

Transitions are declared on the models with django-fsm. `has_transition_perm` is not used: it is
also false in a wrong state, which would turn a 409 into a 403.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.db import models
from django_fsm import ConcurrentTransitionMixin, FSMField

from itsm.core.errors import WrongState


def condition(sentence: str) -> Callable[[Callable[[Any], bool]], Callable[[Any], bool]]:
    """Give a transition condition the sentence that a page shows while it does not hold."""

    def mark(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
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


@functools.cache
def _state_fields(model: type[models.Model]) -> tuple[Any, ...]:
    return tuple(field for field in model._meta.fields if isinstance(field, FSMField))


class StateMachine(ConcurrentTransitionMixin):
    """Mixin of every model with a state: two transitions from one state cannot both be saved.

    The library reloads a record by switching the protection of its state off for the whole process,
    and leaves it off when the reload fails. Here only this record lets its state be set, and only
    while it is reloaded.
    """

    @property
    def state_fields(self) -> tuple[Any, ...]:
        """Asked for by the library at each construction of a record: found once for the model."""
        return _state_fields(type(self))

    def refresh_from_db(
        self, using: str | None = None, fields: Any = None, from_queryset: Any = None
    ) -> None:
        record: Any = self
        known = record.__dict__
        states = [name for name in self._get_protected_fsm_fields() if name in known]
        kept = {name: known.pop(name) for name in states}
        known["_reloading"] = frozenset(kept)
        asked = {name for name in states if fields is None or name in fields}
        loaded: set[str] = set()
        try:
            models.Model.refresh_from_db(record, using, fields, from_queryset)
            loaded = asked
        finally:
            del known["_reloading"]
            known.update({name: kept[name] for name in kept.keys() - loaded})
        if loaded:
            self._update_initial_state()

    def get_deferred_fields(self) -> set[str]:
        """A state that is being reloaded is wanted, although it is not there."""
        record: Any = self
        missing: set[str] = models.Model.get_deferred_fields(record)
        wanted: frozenset[str] = record.__dict__.get("_reloading", frozenset())
        return missing - wanted
