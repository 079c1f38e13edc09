"""A closed-loop load generator for loopback: each connection sends when its answer is here."""

from __future__ import annotations

import asyncio
import collections
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

#: The body of request number n.
Bodies = Callable[[int], bytes]

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Result:
    """What was seen: latencies in seconds, answers by status, CPU seconds of the server's tree."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    cpu: float = 0.0

    @property
    def requests(self) -> int:
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU of the server's processes in milliseconds a request, without the database's."""
        return self.cpu / max(self.requests, 1) * 1000

    @property
    def errors(self) -> int:
        """Answers other than a success; 0 stands for a broken connection."""
        return sum(n for status, n in self.statuses.items() if not 200 <= status < 300)

    def percentile(self, part: float) -> float:
        """Milliseconds within which this part of the requests was answered."""
        ordered = sorted(self.latencies) or [0.0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000


class Connection:
    """One kept-alive connection that posts to one address."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.path = parts.hostname, parts.port or 80, parts.path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes) -> int:
        """The status of the answer; 0 when the connection broke."""
        try:
            return await self._exchange(body)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0

    async def _exchange(self, body: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._streams
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin1")
        headers = dict(
            line.lower().split(": ", 1) for line in answer.split("\r\n")[1:] if ": " in line
        )
        await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            self.close()
        return int(answer[9:12])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _loop(url: str, bodies: Bodies, numbers: Iterable[int], end: float, into: Result) -> None:
    connection = Connection(url)
    for number in numbers:
        started = time.perf_counter()
        if started >= end:
            break
        into.statuses[await connection.post(bodies(number))] += 1
        into.latencies.append(time.perf_counter() - started)
    connection.close()


def drive(
    url: str, bodies: Bodies, *, seconds: float, connections: int = 8, pid: int | None = None
) -> Result:
    """Post for some seconds. `pid`: the server whose processes' CPU is counted."""

    async def all_connections() -> Result:
        numbers = iter(range(10**9))
        started = time.perf_counter()
        result = Result(seconds)
        await asyncio.gather(
            *(_loop(url, bodies, numbers, started + seconds, result) for _ in range(connections))
        )
        result.seconds = time.perf_counter() - started
        return result

    before = cpu_of_tree(pid) if pid else 0.0
    result = asyncio.run(all_connections())
    result.cpu = cpu_of_tree(pid) - before if pid else 0.0
    return result


def at_once(url: str, body: bytes, *, times: int) -> list[int]:
    """Post the same body over that many connections at the same moment; the statuses."""

    async def together() -> list[int]:
        connections = [Connection(url) for _ in range(times)]
        statuses = await asyncio.gather(*(connection.post(body) for connection in connections))
        for connection in connections:
            connection.close()
        return list(statuses)

    return asyncio.run(together())


def cpu_of_tree(pid: int) -> float:
    """CPU seconds that a process and its living descendants have used."""
    children: dict[int, list[int]] = collections.defaultdict(list)
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (stat := _stat(entry)):
            children[int(stat[1])].append(int(entry.name))
            used[int(entry.name)] = (int(stat[11]) + int(stat[12])) / _TICKS
    total, todo = 0.0, [pid]
    while todo:
        current = todo.pop()
        total += used.get(current, 0.0)
        todo += children[current]
    return total


def _stat(process: Path) -> list[str]:
    """Fields of /proc/PID/stat from the state on; empty when the process is gone."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
