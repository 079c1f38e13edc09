"""The small parts of a page as HTML: icons, chips, references, times, clocks, people.

Made with string formatting and not with templates, because fifty rows of ten cells must cost
milliseconds. Everything that comes from a record is escaped here. A template hands over an empty
text for what it does not know, so each function takes that too and shows a dash.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from itsm.portal import differences, marks, spans

DASH = "\N{EN DASH}"


# Icons


@functools.lru_cache(maxsize=512)
def symbol(name: str, css: str = "") -> SafeString:
    """A symbol of `static/img/icons.svg` as decoration."""
    return mark_safe(
        f'<svg class="{escape(f"icon {css}".rstrip())}" viewBox="0 0 16 16" aria-hidden="true"'
        f' focusable="false"><use href="{escape(static("img/icons.svg"))}#{escape(name)}"/></svg>'
    )


def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """A symbol, with a word for screen readers when none stands beside it."""
    drawing = symbol(name, css)
    if not label:
        return drawing
    return format_html('{}<span class="visually-hidden">{}</span>', drawing, label)


def missing(text: str = "") -> SafeString:
    """What stands where there is nothing: the given words, or a dash that is read as "none"."""
    if text:
        return format_html('<span class="faint">{}</span>', text)
    return format_html(
        '<span class="faint">{}<span class="visually-hidden">{}</span></span>', DASH, _("none")
    )


# Chips


def state_chip(state: str, label: str = "") -> SafeString:
    """A state: mark and word. Pass `record.get_state_display` as the label."""
    mark = marks.mark_of(str(state))
    word = label or capfirst(str(state).replace("_", " ").replace("-", " "))
    return mark_safe(
        f'<span class="chip chip--state tone-{mark.tone}">{symbol(mark.icon)}{escape(word)}</span>'
    )


def priority_chip(priority: int | str | None) -> SafeString:
    """Priority P0 to P4 from a number or a name."""
    if priority is None or priority == "":
        return missing()
    number = escape(str(priority).upper().lstrip("P"))
    return mark_safe(
        f'<span class="chip chip--priority priority-{number}">'
        f"{symbol(f'priority-{number}')}P{number}</span>"
    )


def level_chip(level: int | str | None, name: str = "") -> SafeString:
    """Severity: the level, 0 to 4, gives the hue; the active scheme gives the name."""
    if level is None or level == "":
        return missing()
    word = escape(name or f"SEV-{level}")
    return mark_safe(f'<span class="chip chip--level level-{int(level)}">{word}</span>')


def label_chip(label: object) -> SafeString:
    """A label `prefix:value`; a text without a colon is shown as it is."""
    prefix, colon, value = str(label).partition(":")
    head = f'<span class="chip-prefix">{escape(prefix)}:</span>' if colon else ""
    body = f'<span class="chip-value">{escape(value if colon else prefix)}</span>'
    return mark_safe(f'<span class="chip chip--label">{head}{body}</span>')


def label_chips(labels: Iterable[object]) -> SafeString:
    """All labels of a record, wrapping."""
    chips = "".join(label_chip(label) for label in labels)
    return mark_safe(f'<span class="chips">{chips}</span>') if chips else missing()


def tone_chip(tone: str, text: object, name: str = "") -> SafeString:
    """A word in a tone (neutral, active, wait, good, late) for what is not a state."""
    drawing = symbol(name) if name else ""
    return mark_safe(f'<span class="chip tone-{escape(tone)}">{drawing}{escape(text)}</span>')


def ref(reference: object, url: str = "") -> SafeString:
    """A reference such as OPS-180, in mono; a link when it has an address."""
    if url:
        return mark_safe(f'<a class="ref" href="{escape(url)}">{escape(reference)}</a>')
    return mark_safe(f'<span class="ref">{escape(reference)}</span>')


# Time


def when(at: datetime | None, otherwise: str = "") -> SafeString:
    """A moment as seen from now (`3 h ago`, `in 5 min`, `12 Mar`); exact on hover and on paper."""
    if not at:
        return missing(otherwise)
    title = escape(spans.exact(at))
    return mark_safe(
        f'<time datetime="{spans.iso(at)}" title="{title}" data-relative data-exact="{title}">'
        f"{spans.relative(at, timezone.now())}</time>"
    )


def moment(at: datetime | None, otherwise: str = "") -> SafeString:
    """A moment written out: `Thu 12 Mar 2026, 14:32 CET`, UTC on hover."""
    return _time(at, spans.stamp(at)) if at else missing(otherwise)


def time_of_day(at: datetime | None, otherwise: str = "") -> SafeString:
    """`14:32` in the reader's zone; the rest on hover."""
    return _time(at, f"{timezone.localtime(at):%H:%M}") if at else missing(otherwise)


def _time(at: datetime, text: str) -> SafeString:
    title = escape(spans.exact(at))
    return mark_safe(f'<time datetime="{spans.iso(at)}" title="{title}">{text}</time>')


def clock(
    due: datetime | None,
    label: str = "",
    *,
    started: datetime | None = None,
    warn: datetime | None = None,
    stopped: datetime | None = None,
    paused: bool = False,
) -> SafeString:
    """Time left, then time over. Warns from `warn`, or from 75 % of the way from `started`.

    `stopped` is when the target was met (or missed, when later than due); `paused` freezes it.
    """
    if not due:
        return missing()
    if started and not warn:
        warn = started + (due - started) * 0.75
    css, text, name = _reading(due, warn=warn, stopped=stopped, paused=paused)
    iso, live = spans.iso(due), ""
    if not (stopped or paused):
        live = f' data-clock data-due="{iso}"' + (f' data-warn="{spans.iso(warn)}"' if warn else "")
    head = f'<span class="clock-label">{escape(label)}</span> ' if label else ""
    title = escape(f"{_('Due')} {spans.exact(due)}")
    return mark_safe(
        f'<span class="clock {css}"{live}>{symbol(name)}{head}'
        f'<time datetime="{iso}" title="{title}">{escape(text)}</time></span>'
    )


def _reading(
    due: datetime, *, warn: datetime | None, stopped: datetime | None, paused: bool
) -> tuple[str, str, str]:
    """Class, text and icon of a clock now."""
    if stopped:
        if stopped <= due:
            return "is-met", _("met"), "state-good"
        return "is-missed", _("missed by %s") % spans.span(stopped - due), "state-late"
    now = timezone.now()
    if paused:
        return "is-paused", _("paused"), "pause"
    if now >= due:
        return "is-over", _("%s over") % spans.span(now - due), "state-late"
    css = "is-warn" if warn and now >= warn else "is-running"
    return css, _("%s left") % spans.span(due - now), "clock"


# People


def person(user: Any, *, large: bool = False, nobody: str = "") -> SafeString:
    """Initials and name of a user, a machine or a plain name; nobody is said, not left blank."""
    if not user:
        return missing(nobody or _("Nobody"))
    name = escape(str(user))
    return mark_safe(
        f'<span class="person">{avatar(user, large=large)}'
        f'<span class="person-name" title="{name}">{name}</span></span>'
    )


def avatar(user: Any, *, large: bool = False) -> SafeString:
    """The round mark with initials; square with a chip for a machine."""
    css = "avatar avatar--large" if large else "avatar"
    if getattr(user, "is_machine", False):
        css, content = f"{css} avatar--machine", symbol("machine")
    else:
        words = str(user).split()[:2]
        initials = getattr(user, "initials", "") or "".join(word[0] for word in words).upper()
        content = escape(initials)
    return mark_safe(f'<span class="{css}" aria-hidden="true">{content}</span>')


# Before and after


def word_diff(before: object, after: object) -> SafeString:
    """A short value before and after on one line, with the words that changed marked."""
    old, new = ("" if value is None else str(value) for value in (before, after))
    left, right = differences.words(old, new)
    return format_html(
        '{}<span class="arrow" aria-hidden="true">→</span>'
        '<span class="visually-hidden"> {} </span>{}',
        left or missing(),
        _("became"),
        right or missing(),
    )
