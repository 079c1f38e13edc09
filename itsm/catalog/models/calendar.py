"""When people work: hours by weekday in a named zone, public holidays and special days."""

from __future__ import annotations

import datetime as dt

import holidays
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from itsm.catalog.working_time import WorkingTime
from itsm.core.history import audited
from itsm.people.models import validate_time_zone


def validate_country(code: str) -> None:
    if code not in holidays.list_supported_countries():
        raise ValidationError(f"No public holidays are known for “{code}”; use a code such as NZ.")


class BusinessCalendar(models.Model):
    """A working week with its holidays. Clocks of P3 and P4 tickets run on the customer's."""

    name = models.CharField(max_length=80, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    country = models.CharField(
        max_length=3,
        blank=True,
        validators=[validate_country],
        help_text="ISO country whose public holidays are days off, e.g. NZ. Empty: none.",
    )
    subdivision = models.CharField(
        max_length=10, blank=True, help_text="Region of that country, e.g. AUK."
    )

    history = audited()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.subdivision:
            known = holidays.list_supported_countries().get(self.country, [])
            if self.subdivision not in known:
                raise ValidationError(
                    {"subdivision": f"{self.country or 'No country'} has no such region."}
                )

    def working_time(self) -> WorkingTime:
        """The calendar as a value to calculate with; three queries."""
        hours: dict[int, list[tuple[dt.time, dt.time]]] = {}
        for row in self.hours.all():
            hours.setdefault(row.weekday, []).append((row.opens, row.closes))
        special: dict[dt.date, list[tuple[dt.time, dt.time]]] = {}
        for day in self.days.all():
            slot = [(day.opens, day.closes)] if day.opens and day.closes else []
            special.setdefault(day.date, []).extend(slot)
        return WorkingTime(self.time_zone, hours, special, self.country, self.subdivision)


class BusinessHours(models.Model):
    """A stretch of a weekday in which people work. Two rows make a lunch break."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField()

    history = audited()

    class Meta:
        verbose_name_plural = "business hours"
        ordering = ["calendar", "weekday", "opens"]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")), name="catalog_hours_close_after_open"
            ),
            models.UniqueConstraint(
                fields=["calendar", "weekday", "opens"], name="catalog_hours_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class CalendarDay(models.Model):
    """A day unlike its weekday: off when it has no hours, otherwise working in those hours."""

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="days")
    date = models.DateField()
    name = models.CharField(max_length=80)
    opens = models.TimeField(null=True, blank=True)
    closes = models.TimeField(null=True, blank=True)

    history = audited()

    class Meta:
        ordering = ["calendar", "date"]
        constraints = [
            models.UniqueConstraint(fields=["calendar", "date"], name="catalog_day_once"),
            models.CheckConstraint(
                condition=Q(opens=None, closes=None) | Q(closes__gt=F("opens")),
                name="catalog_day_closes_after_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d} {self.name}"
