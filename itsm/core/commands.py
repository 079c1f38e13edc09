"""The frame of every command: one door for portal, admin, API, command line and jobs.

A command is a function in an `actions` module, keyword-only `by`, in five steps that stay visible
in its body: lock the row, can it (409), may they (403), do it, tell. The frame makes it one
transaction, names the actor for the history rows, turns a lost race into a Conflict, and has a
refusal recorded after the transaction is rolled back, so that the refusal survives it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.db import models, transaction
from django_fsm import ConcurrentTransition, FSMField, TransitionNotAllowed

from itsm.core import context
from itsm.core.errors import Conflict, DomainError, Invalid, NotAllowed, WrongState

if TYPE_CHECKING:
    from itsm.people.models import User

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt that a command refused: who tried what on which record, and the answer."""

    command: str
    by: User | None
    record: models.Model | None
    error: DomainError


#: Told of each refusal once the refused transaction is rolled back. The audit app registers here.
refusal_listeners: list[Callable[[Refusal], None]] = []

#: Every command by its name, e.g. "ticket.triage". Filled by the decorator.
registry: dict[str, Callable[..., Any]] = {}

_running: ContextVar[bool] = ContextVar("itsm_command_running", default=False)


def command(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a command called `name` (noun.verb; also its event and its URL stem)."""

    def decorate(body: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(body)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            by: Any = kwargs.get("by")
            outermost = not _running.get()
            token = _running.set(True)
            try:
                with context.use(user=by), transaction.atomic():
                    return body(*args, **kwargs)
            except (ConcurrentTransition, TransitionNotAllowed) as lost:
                conflict = Conflict(
                    "Somebody else changed this record while you were working on it.",
                    hint="Look at the record as it is now, then try again.",
                )
                _refused(outermost, name, by, args, conflict)
                raise conflict from lost
            except (NotAllowed, WrongState, Conflict) as refusal:
                _refused(outermost, name, by, args, refusal)
                raise
            finally:
                _running.reset(token)

        registry[name] = run
        return run

    return decorate


def _refused(
    outermost: bool, name: str, by: User | None, args: tuple[Any, ...], error: DomainError
) -> None:
    """Only the outermost frame reports: beneath it the transaction is still to be rolled back."""
    if not outermost:
        return
    record = args[0] if args and isinstance(args[0], models.Model) else None
    for listen in refusal_listeners:
        listen(Refusal(name, by, record, error))


def lock(record: M) -> M:
    """The row as it is now, locked until the command ends. SQLite locks the whole database."""
    manager = type(record)._default_manager
    return manager.select_for_update(of=("self",)).get(pk=record.pk)


def save(record: M, *, reason: str = "", created: bool = False) -> M:
    """Validate and write a record with its history row; the actor comes from the frame.

    Raises Invalid (422) with each field's messages. Records with a `version` count it up.
    """
    if hasattr(record, "version") and not created:
        record.version += 1
    record._change_reason = reason  # type: ignore[attr-defined]
    validate(record)
    record.save()
    return record


def validate(record: models.Model) -> None:
    """Check fields and `clean`; relations, constraints and uniqueness are left to the database.

    Protected states are left out as well: they refuse to be set, and only transitions set them.
    """
    from django.core.exceptions import ValidationError

    unasked = {f.name for f in record._meta.fields if f.is_relation or isinstance(f, FSMField)}
    try:
        record.clean_fields(exclude=unasked)
        record.clean()
    except ValidationError as error:
        fields = {name: list(messages) for name, messages in error.message_dict.items()}
        first = next(iter(fields.values()))[0]
        raise Invalid(first, fields=fields) from error


def ensure_current(record: Any, version: int | None) -> None:
    """Raise Conflict (409) when the editor saw an older version than the locked row has."""
    if version is not None and version != record.version:
        raise Conflict(
            "Somebody else saved this record after you opened it; your text was not saved.",
            hint="Your text is kept in the form: compare it with the record and save again.",
        )


__all__ = ["Refusal", "command", "ensure_current", "lock", "registry", "save"]
