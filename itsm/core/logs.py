"""Logs: one JSON object a line with the request id, or plain lines for a terminal."""

from __future__ import annotations

import logging.config
import re
from typing import Any

import structlog

from itsm.core import context


def _with_context(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    here = context.current()
    event["origin"] = here.origin
    if here.request_id:
        event["request_id"] = here.request_id
    if here.user is not None:
        event["user_id"] = here.user.pk
    return event


#: Addresses that are secrets: an intake's key, the token of a set-password link.
_SECRETS = re.compile(r"(/alerts/[^/\s?\"']+/|/password/reset/key/)[^\s?\"']+")


def without_secrets(text: str) -> str:
    """The text with what follows the stem of a secret address left out."""
    return _SECRETS.sub(r"\1…", text)


def _mask(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """The last step before a line is written, whoever logged it and whatever it says."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = without_secrets(value)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _with_context,
]


def logging_config(*, as_json: bool, level: str) -> dict[str, Any]:
    """The `LOGGING` setting."""
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    _mask,
                    renderer,
                ],
                "foreign_pre_chain": _SHARED,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.server": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
            # The console channel speaks through its log lines.
            "itsm.outbox.channels": {"level": "INFO"},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """`LOGGING_CONFIG`: standard logging and structlog write the same lines."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
