"""The small parts that every page is made of, as template tags.

Cells of a list are made here with string formatting, because fifty rows of ten cells must cost
milliseconds; larger parts are templates in `templates/components/`. Usage: docs/design.md.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from itsm.portal import differences, marks, spans

register = template.Library()


# Icons


@functools.cache
def _symbol(name: str, extra: str) -> SafeString:
    css = f"icon {extra}".rstrip()
    return mark_safe(
        f'<svg class="{escape(css)}" viewBox="0 0 16 16" aria-hidden="true" focusable="false">'
        f'<use href="{escape(static("img/icons.svg"))}#{escape(name)}"/></svg>'
    )


@register.simple_tag
def icon(name: str, *, label: str = "", css: str = "") -> SafeString:
    """A symbol of `static/img/icons.svg`. Decoration unless a label is given."""
    drawing = _symbol(name, css)
    if not label:
        return drawing
    return format_html('{}<span class="visually-hidden">{}</span>', drawing, label)


# Chips


@register.simple_tag
def state_chip(state: str, label: str = "") -> SafeString:
    """A state: mark and word. Pass `record.get_state_display` as the label."""
    mark = marks.mark_of(str(state))
    return mark_safe(
        f'<span class="chip chip--state tone-{mark.tone}">{_symbol(mark.icon, "")}'
        f"{escape(label or _plain(state))}</span>"
    )


def _plain(value: str) -> str:
    return capfirst(str(value).replace("_", " "))


@register.simple_tag
def priority_chip(priority: int | str | None) -> SafeString:
    """Priority P0–P4 from a number or a name; a dash when there is none yet."""
    if priority is None or priority == "":
        return _missing()
    level = str(priority).upper().lstrip("P")
    return mark_safe(
        f'<span class="chip chip--priority priority-{escape(level)}">'
        f"{_symbol(f'priority-{level}', '')}P{escape(level)}</span>"
    )


@register.simple_tag
def level_chip(level: int | None, name: str = "") -> SafeString:
    """Severity: level 0–4 gives the hue, the active scheme gives the name."""
    if level is None:
        return _missing()
    return mark_safe(
        f'<span class="chip chip--level level-{level:d}">{escape(name or f"SEV-{level}")}</span>'
    )


@register.simple_tag
def label_chip(label: object) -> SafeString:
    """A label `prefix:value`; a text without a colon is shown as it is."""
    prefix, colon, value = str(label).partition(":")
    if not colon:
        prefix, value = "", prefix
    head = f'<span class="chip-prefix">{escape(prefix)}:</span>' if prefix else ""
    return mark_safe(
        f'<span class="chip chip--label">{head}<span class="chip-value">{escape(value)}</span></span>'
    )


@register.simple_tag
def label_chips(labels: Iterable[object]) -> SafeString:
    """All labels of a record, wrapping."""
    chips = "".join(label_chip(label) for label in labels)
    return mark_safe(f'<span class="chips">{chips}</span>') if chips else _missing()


@register.simple_tag
def tone_chip(tone: str, text: str, name: str = "") -> SafeString:
    """A word in a tone (neutral, active, wait, good, late) for what is not a state."""
    drawing = _symbol(name, "") if name else ""
    return mark_safe(f'<span class="chip tone-{escape(tone)}">{drawing}{escape(text)}</span>')


def _missing() -> SafeString:
    return mark_safe(f'<span class="faint">–<span class="visually-hidden">{_("none")}</span></span>')


@register.simple_tag
def ref(reference: object, url: str = "") -> SafeString:
    """A reference such as OPS-180, in mono; a link when it has an address."""
    if url:
        return mark_safe(f'<a class="ref" href="{escape(url)}">{escape(reference)}</a>')
    return mark_safe(f'<span class="ref">{escape(reference)}</span>')


# Time


@register.simple_tag
def when(at: datetime | None, missing: str = "–") -> SafeString:
    """A moment as seen from now (`3 h ago`, `in 5 min`, `12 Mar`); exact on hover and on paper."""
    return _time(at, "relative", missing)


@register.simple_tag
def moment(at: datetime | None, missing: str = "–") -> SafeString:
    """A moment written out: `Thu 12 Mar 2026, 14:32 CET`, UTC on hover."""
    return _time(at, "stamp", missing)


@register.simple_tag
def time_of_day(at: datetime | None, missing: str = "–") -> SafeString:
    """`14:32` in the reader's zone; the rest on hover."""
    return _time(at, "clock", missing)


def _time(at: datetime | None, form: str, missing: str) -> SafeString:
    if at is None:
        return mark_safe(f'<span class="faint">{escape(missing)}</span>')
    exact, extra = spans.exact(at), ""
    match form:
        case "relative":
            text = spans.relative(at, timezone.now())
            extra = f' data-relative data-exact="{exact}"'
        case "stamp":
            text = spans.stamp(at)
        case _:
            text = f"{timezone.localtime(at):%H:%M}"
    return mark_safe(f'<time datetime="{spans.iso(at)}" title="{exact}"{extra}>{text}</time>')


@register.filter
def span(length: timedelta | float | None) -> str:
    """A length of time in words: `1 h 12 min`."""
    return "–" if length is None else spans.span(length)


@register.filter
def day_name(at: datetime) -> str:
    """`Thu 12 Mar 2026`, the heading of a day in a timeline."""
    return spans.stamp(at).partition(",")[0]


@register.simple_tag
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
    if due is None:
        return _missing()
    if warn is None and started is not None:
        warn = started + (due - started) * 0.75
    css, text, mark = _reading(due, warn=warn, stopped=stopped, paused=paused)
    live = f' data-clock data-due="{spans.iso(due)}"' if not (stopped or paused) else ""
    if live and warn:
        live += f' data-warn="{spans.iso(warn)}"'
    head = f'<span class="clock-label">{escape(label)}</span> ' if label else ""
    return mark_safe(
        f'<span class="clock {css}"{live}>{_symbol(mark, "")}{head}'
        f'<time datetime="{spans.iso(due)}" title="{_("Due")} {spans.exact(due)}">{text}</time></span>'
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


@register.simple_tag
def person(user: Any, *, large: bool = False, nobody: str = "") -> SafeString:
    """Initials and name of a user, a machine, or a plain name; nobody is said, not left blank."""
    if not user:
        return mark_safe(f'<span class="faint">{escape(nobody or _("Nobody"))}</span>')
    name = escape(str(user))
    return mark_safe(
        f'<span class="person">{avatar(user, large=large)}'
        f'<span class="person-name" title="{name}">{name}</span></span>'
    )


@register.simple_tag
def avatar(user: Any, *, large: bool = False) -> SafeString:
    """The round mark with initials; square with a chip for a machine."""
    css = "avatar avatar--large" if large else "avatar"
    if getattr(user, "is_machine", False):
        return mark_safe(
            f'<span class="{css} avatar--machine" aria-hidden="true">{_symbol("machine", "")}</span>'
        )
    initials = getattr(user, "initials", "") or "".join(w[0] for w in str(user).split()[:2]).upper()
    return mark_safe(f'<span class="{css}" aria-hidden="true">{escape(initials)}</span>')


# Lists


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: Context, field: str, label: str, css: str = "") -> dict[str, Any]:
    """A column head that sorts by `field` through `?sort=` and keeps the filters."""
    request = context["request"]
    current = request.GET.get("sort", context.get("default_sort", ""))
    up, down = current == field, current == f"-{field}"
    query = request.GET.copy()
    for key in ("cursor", "page", "after", "before"):
        query.pop(key, None)
    query["sort"] = f"-{field}" if up else field
    return {"label": label, "css": css, "up": up, "down": down, "url": f"?{query.urlencode()}"}


@register.inclusion_tag("components/pager.html")
def pager(page: Any) -> dict[str, Any]:
    """First, previous, next. `page` has first_url, previous_url, next_url and text."""
    return {"page": page}


@register.inclusion_tag("components/filter_bar.html", takes_context=True)
def filter_bar(
    context: Context,
    *,
    form: BaseForm | None = None,
    search: str = "q",
    active: Sequence[Any] = (),
    saved: Sequence[Any] = (),
    save_url: str = "",
    exports: Sequence[Any] = (),
) -> dict[str, Any]:
    """Search and filters in the address, saved views, export. See docs/design.md."""
    request = context["request"]
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "form": form,
        "search": search,
        "search_value": request.GET.get(search, ""),
        "sort": request.GET.get("sort", ""),
        "query": request.GET.urlencode(),
        "active": active,
        "saved": saved,
        "save_url": save_url,
        "exports": exports,
    }


# Forms and actions


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, *, label: str = "", optional: bool = False) -> dict[str, Any]:
    """Label, help, error and control of one form field."""
    return {
        "field": bound,
        "label": label or bound.label,
        "optional": optional and not bound.field.required,
        "check": getattr(bound.field.widget, "input_type", "") == "checkbox"
        and not bound.use_fieldset,
    }


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """What has to be put right, each with a link to its field."""
    return {"form": form}


@register.inclusion_tag("components/action.html", takes_context=True)
def action(
    context: Context,
    label: str,
    url: str = "",
    *,
    method: str = "post",
    kind: str = "",
    icon: str = "",
    reason: str = "",
    who: str = "",
    next: str = "",  # noqa: A002 (the name of the form field)
) -> dict[str, Any]:
    """A button that posts, or a link. With a reason it is disabled and says why and who can help."""
    return {
        "csrf_token": context.get("csrf_token"),
        "label": label,
        "url": url,
        "method": method,
        "kind": kind,
        "icon": icon,
        "reason": reason,
        "who": who,
        "next": next,
        "id": f"why-{abs(hash((label, url, reason))) % 10**8}",
    }


# Parts of pages


@register.inclusion_tag("components/empty.html")
def empty_state(
    title: str, text: str = "", *, icon: str = "", action: str = "", url: str = "", css: str = ""
) -> dict[str, Any]:
    """Nothing here yet: what to do first."""
    return {"title": title, "text": text, "icon": icon, "action": action, "url": url, "css": css}


@register.inclusion_tag("components/stat.html")
def stat(
    label: str, value: object, url: str = "", *, unit: str = "", note: str = "", tone: str = ""
) -> dict[str, Any]:
    """A number that opens the records behind it."""
    return {
        "label": label,
        "value": value,
        "url": url,
        "unit": unit,
        "note": note,
        "tone": tone,
    }


@register.inclusion_tag("components/progress.html")
def progress(
    value: float | None, maximum: float = 100, *, label: str = "", note: str = "", tone: str = ""
) -> dict[str, Any]:
    """How far long work is; without a value it only says that it runs."""
    return {"value": value, "maximum": maximum, "label": label, "note": note, "tone": tone}


@register.inclusion_tag("components/step_rail.html")
def step_rail(steps: Iterable[Any]) -> dict[str, Any]:
    """The eight steps: number, name, state, label, url, current (and note)."""
    return {"steps": [(step, marks.mark_of(str(_read(step, "state")))) for step in steps]}


def _read(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


@register.inclusion_tag("components/diff.html")
def diff(before: str, after: str, *, before_title: str = "", after_title: str = "") -> dict[str, Any]:
    """Two versions of a text: side by side on wide screens, one column on narrow ones."""
    return {
        "rows": differences.rows(before, after),
        "before_title": before_title,
        "after_title": after_title,
        "same": before == after,
    }


@register.simple_tag
def word_diff(before: object, after: object) -> SafeString:
    """A short value before and after on one line, with the words that changed marked."""
    old, new = "" if before is None else str(before), "" if after is None else str(after)
    left, right = differences.words(old, new)
    left, right = left or _missing(), right or _missing()
    return mark_safe(
        f'{left}<span class="arrow" aria-hidden="true">→</span>'
        f'<span class="visually-hidden"> {_("became")} </span>{right}'
    )


@register.simple_block_tag
def panel(
    content: str, title: str, *, count: object = "", css: str = "", id: str = "", level: int = 2  # noqa: A002
) -> SafeString:
    """A titled part of a page."""
    number = format_html(' <span class="count">{}</span>', count) if count not in ("", None) else ""
    anchor = format_html(' id="{}"', id) if id else ""
    return format_html(
        '<section class="panel {}"{}><div class="panel-head"><h{}>{}{}</h{}></div>'
        '<div class="panel-body">{}</div></section>',
        css, anchor, level, title, number, level, content,
    )  # fmt: skip


@register.simple_block_tag
def fact(content: str, label: str) -> SafeString:
    """One line of a `<dl class="facts">`."""
    return format_html('<div class="facts-pair"><dt>{}</dt><dd>{}</dd></div>', label, content)


@register.simple_block_tag
def alert(content: str, kind: str = "info", title: str = "", *, css: str = "") -> SafeString:
    """A box of kind info, good, warn or danger (or a level of Django's messages)."""
    mark = marks.ALERTS.get(kind, marks.ALERTS["info"])
    head = format_html('<p class="alert-title">{}</p>', title) if title else ""
    return format_html(
        '<div class="alert tone-{} {}">{}<div class="alert-body">{}{}</div></div>',
        mark.tone, css, _symbol(mark.icon, ""), head, content,
    )  # fmt: skip


@register.simple_block_tag
def menu(content: str, label: str, *, icon: str = "", css: str = "", button: str = "") -> SafeString:
    """A button that opens a panel in place, without JavaScript too."""
    drawing = _symbol(icon, "") if icon else ""
    return format_html(
        '<details class="menu {}" data-menu><summary class="button {}">{}{}{}</summary>'
        '<div class="menu-panel">{}</div></details>',
        css, button, drawing, label, _symbol("chevron-down", ""), content,
    )  # fmt: skip


@register.simple_block_tag
def disclosure(content: str, label: str, *, open: bool = False) -> SafeString:  # noqa: A002
    """More, for who wants it."""
    return format_html(
        '<details class="disclosure"{}><summary>{}{}</summary>'
        '<div class="disclosure-body">{}</div></details>',
        mark_safe(" open") if open else "",
        _symbol("chevron-right", ""),
        label,
        content,
    )


@register.simple_block_tag
def record_header(
    content: str, reference: object, title: object, *, parent: str = "", parent_url: str = ""
) -> SafeString:
    """The sticky head of a record: reference, chips and clocks (the content), title."""
    trail = format_html('<a class="ref" href="{}">{}</a> / ', parent_url, parent) if parent else ""
    return format_html(
        '<div class="record-head"><div class="record-marks"><span class="ref">{}{}</span>{}</div>'
        "<h1>{}</h1></div>",
        trail, reference, content, title,
    )  # fmt: skip


@register.simple_tag
def css_link(name: str) -> SafeString:
    """A style sheet of `static/css/`."""
    return format_html('<link rel="stylesheet" href="{}">', static(f"css/{name}.css"))
