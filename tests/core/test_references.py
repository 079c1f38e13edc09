"""References are read as people write them, and nothing else is taken for one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm.core import references

MOMENT = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OPS-180", ("OPS", 180)),
        ("ops-180", ("OPS", 180)),
        ("  OPS-180\n", ("OPS", 180)),
        ("INC-2026-00042", ("INC", 42)),
        ("inc-2026-42", ("INC", 42)),
        ("CHG-2026-123456", ("CHG", 123456)),
        ("PIR-2026-00042", ("PIR", 42)),
        ("SPM-12", ("SPM", 12)),
        ("OPS-180 ", ("OPS", 180)),
    ],
)
def test_reference_is_read(text, expected):
    assert references.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "180",
        "OPS-",
        "OPS-x",
        "OPS--1",
        "OPS-1.5",
        "INC-42",
        "OPS-2026-42",
        "INC-26-42",
        "OPS-" + "9" * 19,
        "XXX-1",
        "OPS-1; drop table",
        "OPS-1\x00",
        "../OPS-1",
        "OPS-١٢",
        "OPS-1\nOPS-2",
    ],
)
def test_anything_else_is_no_reference(text):
    assert references.parse(text) is None


@given(st.integers(min_value=1, max_value=10**18 - 1))
def test_written_references_are_read_back(key):
    assert references.parse(references.plain("OPS", key)) == ("OPS", key)
    assert references.parse(references.dated("INC", MOMENT, key)) == ("INC", key)


@given(st.text())
def test_parsing_never_fails(text):
    found = references.parse(text)
    assert found is None or found[1] >= 0
