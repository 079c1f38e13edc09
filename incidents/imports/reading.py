"""Opening an export: plain, gzip or xz; UTF-8 unless told otherwise; comma or semicolon."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from incidents.imports.problems import Problem, Unusable

#: A row and the line of the file on which it begins.
Row = tuple[int, list[str]]

_XZ, _GZIP = b"\xfd7zXZ\x00", b"\x1f\x8b"
_BROKEN = (EOFError, lzma.LZMAError, gzip.BadGzipFile, zlib.error)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def open_binary(path: Path) -> IO[bytes]:
    """The content without its packing, which is told by the first bytes, not by the name."""
    try:
        with path.open("rb") as file:
            head = file.read(6)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from error
    if head.startswith(_XZ):
        return lzma.open(path, "rb")
    return cast("IO[bytes]", gzip.open(path)) if head.startswith(_GZIP) else path.open("rb")


class Table:
    """The rows of an export, read once from the front to the end.

    Raises Unusable for what concerns the whole file: packing, encoding, no header. A quoted value
    that never ends is a problem of its row, after which nothing more can be read.
    """

    def __init__(self, path: Path, encoding: str = "utf-8") -> None:
        self.path = path
        self.encoding = _known(encoding)
        self.problems: list[Problem] = []
        self._rows = self._read()
        self.header = self._header()

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def _header(self) -> list[str]:
        _, cells = next(self._rows, (0, []))
        header = [" ".join(cell.split()) for cell in cells]
        twice = sorted({name for name in header if name and header.count(name) > 1})
        if not any(header):
            raise Unusable(f"{self.path.name} is empty: a header line with column names is needed.")
        if twice:
            raise Unusable(f"The header of {self.path.name} has {', '.join(twice)} more than once.")
        return header

    def _read(self) -> Iterator[Row]:
        try:
            with io.TextIOWrapper(open_binary(self.path), self.encoding, newline="") as text:
                yield from self._parsed(text)
        except _BROKEN as error:
            reason = f"{self.path.name} is damaged or cut off: {error}."
            raise Unusable(f"{reason} Copy or export it again.") from error
        except UnicodeDecodeError as error:
            raise Unusable(self._where_undecodable()) from error

    def _parsed(self, text: Iterator[str]) -> Iterator[Row]:
        first = next(text, "")
        reader = csv.reader(_lines(first, text), delimiter=_delimiter(first), strict=True)
        begins = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.problems.append(Problem("error", begins, "(row)", "", _sentence(error)))
                cells = []
            if cells:
                yield begins, cells
            begins = reader.line_num + 1

    def _where_undecodable(self) -> str:
        """The line and byte that the encoding does not allow, and what to try."""
        name = self.path.name
        with open_binary(self.path) as file:
            if file.read(2) in _UTF16:
                return f"{name} is UTF-16, not {self.encoding}. Try --encoding utf-16."
        advice = "Say which encoding it has, for example --encoding cp1252 or --encoding latin-1."
        with open_binary(self.path) as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode(self.encoding)
                except UnicodeDecodeError as error:
                    byte = f"byte {error.start + 1} (0x{line[error.start]:02X})"
                    return f"{name} is not {self.encoding}: line {number}, {byte}. {advice}"
        return f"{name} is not {self.encoding}. {advice}"


def _known(encoding: str) -> str:
    """UTF-8 is read with or without its byte-order mark."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise Unusable(
            f"There is no encoding “{encoding}”. Try utf-8, cp1252 or utf-16."
        ) from error
    return "utf-8-sig" if name == "utf-8" else name


def _lines(first: str, rest: Iterator[str]) -> Iterator[str]:
    """Lines as the CSV reader takes them, without NUL, which no database here can store."""
    yield first.replace("\0", "\ufffd")
    for line in rest:
        yield line.replace("\0", "\ufffd") if "\0" in line else line


def _delimiter(header: str) -> str:
    return ";" if header.count(";") > header.count(",") else ","


def _sentence(error: csv.Error) -> str:
    if "end of data" in str(error):
        return "a quote that opens here is never closed: nothing after this line was read"
    return f"this is not valid CSV: {error}"
