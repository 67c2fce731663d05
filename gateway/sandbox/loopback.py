"""An HTTP server on 127.0.0.1, and on no other address, that leaves nothing running when it is closed.

Comes in: a WSGI application and a port (0: any free one); goes out: a server in a thread of its own. Called by
`server`.
"""

import socket
import threading
from collections.abc import Callable
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from gateway.errors import SetupFault

ADDRESS = "127.0.0.1"
_CLOSING = 0.05  # seconds between two looks at whether to close


class LoopbackServer:
    """Listens from the moment it is made, so that its port is known; serves between `open` and `close`."""

    def __init__(self, application: Callable[..., Any], port: int) -> None:
        self._listening = _listen(port)
        self.port: int = self._listening.getsockname()[1]
        self._server = _Server(ADDRESS, self.port, application, handler=_Handler, fd=self._listening.fileno())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_CLOSING,), name="sandbox-http", daemon=True
        )

    def open(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening, cut every connection that is still open, and wait for every request to end."""
        self._server.closing.set()
        self._server.shutdown()
        self._server.cut_connections()
        self._thread.join()
        self._listening.close()


class _Handler(WSGIRequestHandler):
    """Writes no access log: paths hold identifiers. The journal keeps what may be kept."""

    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


class _Server(ThreadedWSGIServer):
    """Knows its open connections, so that they can be cut."""

    daemon_threads = False  # so that closing waits for the threads of open requests

    def __init__(self, *args: Any, **settings: Any) -> None:
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(*args, **settings)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection while it is open."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks while we close is no error."""
        if not self.closing.is_set():
            super().handle_error(request, client_address)

    def cut_connections(self) -> None:
        """Cut every connection that is open now."""
        with self._lock:
            for connection in self._open:
                _cut(connection)


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was quicker


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((ADDRESS, port))
    except OSError as fault:
        raise SetupFault(
            f"the sandbox cannot listen on {ADDRESS}:{port}: {fault.strerror}",
            mend="stop what uses that port, or choose another one (0 takes any that is free)",
        ) from fault
