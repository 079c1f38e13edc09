"""What can go wrong by the rules of the domain, and the HTTP status each maps to.

Every door (page, admin, API, command line) turns these into its own form of answer in one place:
`itsm.core.problems` and the exception middleware. The message is a sentence for the person who
reads it; `hint` says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class DomainError(Exception):
    """A refusal with a sentence. Subclasses fix the status, a stable code and a short title."""

    status = 400
    code = "bad-request"
    title = "The request could not be understood"

    def __init__(self, message: str, *, hint: str = "", missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.missing = tuple(missing)


class Unauthenticated(DomainError):
    """The key or the session is missing, wrong or expired."""

    status, code, title = 401, "unauthenticated", "Sign-in or a valid key is needed"


class NotAllowed(DomainError):
    """The person may not do this. Recorded in the trail as a refusal."""

    status, code, title = 403, "not-allowed", "You may not do this"


class NotFound(DomainError):
    """There is no such record, or it is not visible to this person."""

    status, code, title = 404, "not-found", "There is nothing here for you"


class WrongMethod(DomainError):
    """The address takes other HTTP methods; `allowed` names them."""

    status, code, title = 405, "wrong-method", "This address takes another method"

    def __init__(self, message: str, *, allowed: Sequence[str], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.allowed = tuple(allowed)


class WrongState(DomainError):
    """The record's state does not allow this; `missing` lists the unmet conditions."""

    status, code, title = 409, "wrong-state", "The record is not in a state that allows this"


class Conflict(DomainError):
    """Somebody else changed the record first; nothing of this attempt was written."""

    status, code, title = 409, "conflict", "Somebody else was faster"


class TooLarge(DomainError):
    status, code, title = 413, "too-large", "The request is too large"


class Invalid(DomainError):
    """The input breaks a rule of the record; `fields` names each field and what is wrong."""

    status, code, title = 422, "invalid", "Some of this is not valid"

    def __init__(
        self, message: str, *, hint: str = "", fields: dict[str, list[str]] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.fields = fields or {}


class TooMany(DomainError):
    """The rate limit is reached. `retry_after` is in seconds."""

    status, code, title = 429, "too-many", "Too many requests"

    def __init__(self, message: str, *, retry_after: int = 60, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """Something that we stand on is down. Nothing was kept; the same request may be repeated."""

    status, code, title = 503, "unavailable", "Not available just now"

    def __init__(self, message: str, *, retry_after: int = 5, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
