"""A real HTTP server on this computer that serves one file, well or badly, and keeps what it was asked."""

from __future__ import annotations

import ssl
import threading
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType


@dataclass
class WeightsServer:
    """Serves `content` under any address while the `with` block lasts; attributes may be changed meanwhile.

    cut_after: how many bytes of a body are sent before the connection is cut, one entry per request.
    stall: an answer stops in the middle and the connection stays open until `go_on` is set.
    statuses: codes to answer with instead, one entry per request. Who asks for /old/… is sent on to /new/….
    """

    content: bytes
    etag: str | None = '"1"'
    ranges: bool = True
    sends_length: bool = True
    range_shift: int = 0
    stall: bool = False
    certificate: Path | None = None
    cut_after: list[int] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> WeightsServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate, self.certificate.with_name("key.pem"))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self._server.server_port}"

    @property
    def ranges_asked(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.asked]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, dict(self.headers)))
                if server.statuses:
                    self.send_error(server.statuses.pop(0))
                elif self.path.startswith("/old/"):
                    self.send_response(302)
                    self.send_header("Location", self.path.replace("/old/", "/new/"))
                    self.end_headers()
                else:
                    self._send_content()

            def _send_content(self) -> None:
                size = len(server.content)
                begin = self._begin()
                if begin is not None and begin >= size:
                    self.send_error(416)
                    return
                body = server.content[begin or 0 :]
                self.send_response(200 if begin is None else 206)
                if begin is not None:
                    self.send_header("Content-Range", f"bytes {begin + server.range_shift}-{size - 1}/{size}")
                if server.sends_length:
                    self.send_header("Content-Length", str(len(body)))
                if server.etag:
                    self.send_header("ETag", server.etag)
                self.end_headers()
                stop = server.cut_after.pop(0) if server.cut_after else len(body)
                self.wfile.write(body[:stop])
                self.wfile.flush()
                if server.stall:
                    server.go_on.wait()

            def _begin(self) -> int | None:
                """The first byte of the range that was asked for; None when the whole file is to come."""
                asked = self.headers.get("Range")
                if not asked or not server.ranges or self.headers.get("If-Range", server.etag) != server.etag:
                    return None
                return int(asked.removeprefix("bytes=").removesuffix("-"))

            def log_message(self, *arguments: object) -> None:
                """Tells nothing: the tests ask `asked`."""

        return Handler


@dataclass
class Proxy:
    """A forward proxy that knows one host name, which is no name anywhere else, and leads it to a server."""

    host: str
    server: WeightsServer
    asked: list[str] = field(default_factory=list)

    def __enter__(self) -> Proxy:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.asked.append(self.path)
                if not self.path.startswith(f"http://{proxy.host}/"):
                    self.send_error(502)
                    return
                direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
                with direct.open(self.path.replace(f"http://{proxy.host}", proxy.server.address)) as answer:
                    body = answer.read()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                """Tells nothing: the tests ask `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"
