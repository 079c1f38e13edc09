"""Rows of an export become events: values tidied, dates read, choices translated.

Everything wrong with a row is reported with its line, column and value. A row without a usable
number, state or time, or with an impact or urgency nobody knows, is left out; a doubtful value
elsewhere is set aside with a warning and the row counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from collections.abc import Mapping as Map
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from incidents.imports.mapping import Mapping
from incidents.imports.problems import Problem, Severity, Unusable


class Event(NamedTuple):
    """One update of one case. Moments are seconds since 1970 (UTC); 0 and "" mean: not given."""

    number: str
    at: int
    modification: int
    line: int
    state: str
    opened_at: int
    resolved_at: int
    closed_at: int
    impact: str
    urgency: str
    priority: int
    reassignments: int
    title: str
    description: str
    who: str
    group: str
    person: str
    made_sla: str
    category: str
    subcategory: str
    symptom: str
    item: str
    caller: str
    opened_by: str
    contact: str
    location: str
    problem: str
    change: str
    caused_by: str
    vendor: str
    code: str
    resolved_by: str


Report = Callable[[Problem], None]

#: Names of systems and people are shortened to what a timeline can show; texts are kept whole.
_LONGEST = 200
_LONG = ("description",)
_TEXTS = Event._fields[Event._fields.index("title") :]

#: Clocks of two systems differ; an event further ahead than this is a wrong date.
_AHEAD = dt.timedelta(days=1)


def zone_named(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        example = "Use a name such as Europe/Paris."
        raise Unusable(f"“{name}” is not a time zone. {example}") from error


class Parser:
    """Rows to events, for one file: knows which column holds what."""

    def __init__(
        self,
        mapping: Mapping,
        header: list[str],
        *,
        zone: ZoneInfo,
        report: Report,
        now: dt.datetime,
    ) -> None:
        self.mapping = mapping
        self.header = header
        self.report = report
        self.latest = int((now + _AHEAD).timestamp())
        self.moment = lru_cache(maxsize=50_000)(_reader_of_dates(mapping.date_formats, zone))
        self.tidy = lru_cache(maxsize=50_000)(_tidier(mapping.missing))
        self.columns = _columns(mapping, header)
        self.texts = [(name, self.columns[name]) for name in _TEXTS if name in self.columns]
        self.absent = {name: "" for name in _TEXTS if name not in self.columns}

    def event(self, line: int, row: list[str]) -> Event | None:
        """The event of a row, or None when it has to be left out; problems are reported."""
        if len(row) != len(self.header):
            reason = f"the row has {len(row)} values, the header has {len(self.header)}"
            self.report(Problem("error", line, "(row)", "", reason))
            return None
        cells = _Cells(self, line, row)
        event = Event(
            number=cells.needed("number"),
            at=cells.past("at"),
            modification=cells.count("modification"),
            line=line,
            state=cells.needed("state"),
            opened_at=cells.needed_moment("opened_at"),
            resolved_at=cells.optional_moment("resolved_at"),
            closed_at=cells.optional_moment("closed_at"),
            impact=cells.choice("impact", self.mapping.grades),
            urgency=cells.choice("urgency", self.mapping.grades),
            priority=cells.priority(),
            reassignments=cells.count("reassignments"),
            **cells.texts(),
        )
        return None if cells.refused else event


class _Cells:
    """The values of one row. `refused` once one is wrong that the event cannot do without."""

    def __init__(self, parser: Parser, line: int, row: list[str]) -> None:
        self.parser, self.line, self.row = parser, line, row
        self.refused = False

    def text(self, name: str) -> str:
        index = self.parser.columns.get(name)
        return "" if index is None else self.parser.tidy(self.row[index])

    def wrong(
        self, name: str, value: str, reason: str, *, fatal: bool = True, unmapped: bool = False
    ) -> None:
        column = self.parser.header[self.parser.columns[name]]
        severity: Severity = "error" if fatal else "warning"
        self.parser.report(Problem(severity, self.line, column, value, reason, unmapped))
        self.refused = self.refused or fatal

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            self.wrong(name, "", "is missing")
        elif len(value) > 120:
            self.wrong(name, value, "is longer than 120 characters")
        return value

    def needed_moment(self, name: str) -> int:
        value = self.needed(name)
        moment = self.parser.moment(value) if value else 0
        if moment is None:
            self.wrong(name, value, self._not_a_date())
        return moment or 0

    def past(self, name: str) -> int:
        moment = self.needed_moment(name)
        if moment > self.parser.latest:
            self.wrong(name, self.text(name), "lies in the future")
        return moment

    def optional_moment(self, name: str) -> int:
        value = self.text(name)
        moment = self.parser.moment(value) if value else 0
        if moment is None:
            self.wrong(name, value, f"{self._not_a_date()}; set aside", fatal=False)
        return moment or 0

    def _not_a_date(self) -> str:
        example = dt.datetime(2026, 4, 30, 16, 5, tzinfo=dt.UTC)
        shown = example.strftime(self.parser.mapping.date_formats[0])
        return f"is not a date such as {shown}"

    def choice(self, name: str, known: Map[str, str]) -> str:
        value = self.needed(name)
        found = known.get(value.casefold(), "")
        if value and not found:
            self.wrong(name, value, "is not a value this mapping knows", unmapped=True)
        return found

    def priority(self) -> int:
        """The given priority; -1 when there is none, which the matrix then decides."""
        value = self.text("priority")
        found = self.parser.mapping.priorities.get(value.casefold(), -1)
        if value and found < 0:
            reason = "is not a priority this mapping knows; computed from impact and urgency"
            self.wrong("priority", value, reason, fatal=False, unmapped=True)
        return found

    def count(self, name: str) -> int:
        value = self.text(name)
        if value and not (value.isascii() and value.isdigit() and len(value) < 10):
            self.wrong(name, value, "is not a number; set aside", fatal=False)
            return 0
        return int(value or 0)

    def texts(self) -> dict[str, str]:
        """Everything that is only carried along, shortened to what can be shown."""
        tidy, row = self.parser.tidy, self.row
        found = {name: tidy(row[index])[:_LONGEST] for name, index in self.parser.texts}
        if "description" in found:
            found["description"] = row[self.parser.columns["description"]].strip()
        return found | self.parser.absent


def _columns(mapping: Mapping, header: list[str]) -> dict[str, int]:
    """Where each field is. Raises Unusable naming what is missing and what was found."""
    there = {name.casefold(): index for index, name in reversed(list(enumerate(header)))}
    columns = {
        field: there[name]
        for field, names in mapping.columns.items()
        for name in reversed(names)
        if name in there
    }
    if lacking := [mapping.columns[field][0] for field in mapping.required if field not in columns]:
        found = ", ".join(name for name in header if name)
        raise Unusable(
            f"The file lacks the column{'s' if len(lacking) > 1 else ''} {', '.join(lacking)}. "
            f"Its columns are: {found}."
        )
    return columns


def _tidier(missing: frozenset[str]) -> Callable[[str], str]:
    def tidy(value: str) -> str:
        """Without doubled spaces; empty when the value is the system's marker for missing."""
        plain = " ".join(value.split())
        return "" if plain in missing else plain

    return tidy


def _reader_of_dates(formats: tuple[str, ...], zone: ZoneInfo) -> Callable[[str], int | None]:
    def moment(text: str) -> int | None:
        """Seconds since 1970 of a local time in `zone`; None when it is no date after 1970.

        A time that the clock shows twice is its first occurrence.
        """
        for form in formats:
            try:
                local = dt.datetime.strptime(text, form).replace(tzinfo=zone)
            except ValueError:
                continue
            seconds = int(local.timestamp())
            return seconds if seconds > 0 else None
        return None

    return moment
