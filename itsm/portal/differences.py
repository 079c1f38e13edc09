"""Word-level differences between two texts, as rows that a page can show side by side.

Lines are matched first, then words inside the lines that changed. That keeps the work small on
long texts: matching is quadratic, and most lines of an edited section are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_CONTEXT = 2
_LONG_LINE = 4_000  # words; beyond it the whole line counts as changed
_NOTHING = SafeString("")


@dataclass(frozen=True, slots=True)
class Row:
    """One line before and after as safe HTML. `kind` is same, change or gap; a gap skips lines."""

    kind: str
    before: SafeString = _NOTHING
    after: SafeString = _NOTHING
    skipped: int = 0


def words(before: str, after: str) -> tuple[SafeString, SafeString]:
    """Both texts with `<del>` around what went and `<ins>` around what came."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(old), len(new)) > _LONG_LINE:
        return _marked("del", before), _marked("ins", after)
    left, right = [], []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[a:b]), "".join(new[c:d])
        if kind == "equal":
            left.append(escape(gone))
            right.append(escape(come))
        else:
            left.append(_marked("del", gone))
            right.append(_marked("ins", come))
    return mark_safe("".join(left)), mark_safe("".join(right))


def _marked(tag: str, text: str) -> SafeString:
    return mark_safe(f"<{tag}>{escape(text)}</{tag}>") if text else _NOTHING


def rows(before: str, after: str) -> list[Row]:
    """The rows of a side-by-side view; long stretches without a change become a gap."""
    old, new = before.splitlines(), after.splitlines()
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    result: list[Row] = []
    for position, (kind, a, b, c, d) in enumerate(opcodes):
        if kind == "equal":
            first, last = position == 0, position == len(opcodes) - 1
            result.extend(_same(old[a:b], first=first, last=last))
        else:
            result.extend(_changed(old[a:b], new[c:d]))
    return result


def _same(lines: list[str], *, first: bool, last: bool) -> Iterator[Row]:
    head, tail = (0 if first else _CONTEXT), (0 if last else _CONTEXT)
    skipped = len(lines) - head - tail
    if skipped <= 1:
        head, skipped = len(lines), 0
    for line in lines[:head]:
        yield Row("same", escape(line), escape(line))
    if skipped > 1:
        yield Row("gap", skipped=skipped)
        for line in lines[len(lines) - tail :]:
            yield Row("same", escape(line), escape(line))


def _changed(old: list[str], new: list[str]) -> Iterator[Row]:
    for before, after in zip_longest(old, new):
        if before is None:
            yield Row("change", after=_marked("ins", after))
        elif after is None:
            yield Row("change", before=_marked("del", before))
        else:
            yield Row("change", *words(before, after))
