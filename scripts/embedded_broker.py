"""A Redis look-alike for the trial, where no redis-server is installed.

Use: python -m scripts.embedded_broker PORT. It forgets everything when it stops. That is harmless:
the database rows are the truth, the broker only carries nudges.
"""

import os
import signal
import sys
from types import FrameType
from typing import Any

from fakeredis import TcpFakeServer
from fakeredis._clients._tcp_server import TCPFakeRequestHandler
from redis.exceptions import ResponseError

from scripts.processes import LOOPBACK


class Handler(TCPFakeRequestHandler):
    """Answers a failed command with an error and goes on, as Redis does.

    The library hangs up instead, and Celery's first use of a script always fails with NOSCRIPT: the
    worker would lose its broker again and again.
    """

    def setup(self) -> None:
        super().setup()
        read_response = self.current_client.read_response

        def response_or_error(*args: Any, **kwargs: Any) -> Any:
            try:
                return read_response(*args, **kwargs)
            except ResponseError as error:
                return error

        self.current_client.read_response = response_or_error  # type: ignore[method-assign]


def serve(port: int) -> None:
    server = TcpFakeServer((LOOPBACK, port), server_type="redis")
    server.RequestHandlerClass = Handler
    server.serve_forever()


def leave(_number: int, _frame: FrameType | None) -> None:
    # Threads of connected clients would keep a polite exit waiting for ever.
    os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    serve(int(sys.argv[1]))
