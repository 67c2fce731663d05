"""One post: to the address that was judged, bounded as a whole, nothing followed, and what went wrong in plain words."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.delivery.webhooks.endpoints import Endpoint, WebhookSettings, read_endpoint
from gateway.delivery.webhooks.posting import Answered, Poster
from gateway.errors import SetupFault, Unavailable
from tests.certificates import begin, make_authority, make_key, make_subject, write_key, write_pem

from .receiving import ALLOWED, Got, Receiver

SETTINGS = WebhookSettings(allow_hosts=ALLOWED, timeout=timedelta(seconds=1))
HOST = "fagsystem.example"


def post(url: str, poster: Poster | None = None, settings: WebhookSettings = SETTINGS) -> Answered:
    """One post over a line of its own."""
    with (poster or Poster(settings)).open(read_endpoint(url, settings.allow_hosts)) as line:
        return line.post(b"{}", {"Content-Type": "application/json"})


@contextmanager
def raw(act: Callable[[socket.socket], None]) -> Iterator[str]:
    """A listener that does as it likes with each connection; its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    done = threading.Event()

    def serve() -> None:
        while not done.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=act, args=(line,), daemon=True).start()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        done.set()
        thread.join()
        listener.close()


def test_status_and_time_are_told(receiver: Receiver) -> None:
    """Whatever the status is; the body of the answer is nobody's business."""
    receiver.answer = lambda got, handler: 503
    answered = post(receiver.url)
    assert answered.status == 503
    assert 0 < answered.seconds < 1
    assert receiver.got[0].headers["Host"] == f"127.0.0.1:{receiver.port}"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    """It is an answer like any other, and nobody goes where it points."""
    with Receiver.listening() as other:

        def redirect(got: Got, handler) -> None:  # type: ignore[no-untyped-def]
            handler.send_response(307)
            handler.send_header("Location", other.url)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        receiver.answer = redirect
        assert post(receiver.url).status == 307
        assert other.got == []


def test_no_proxy_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment would connect for us, to an address that nobody has judged."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(receiver.url).status == 204


def drip(line: socket.socket) -> None:
    """One header after the other, each in time, and never an end."""
    try:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(200):
            line.sendall(b"X-%d: x\r\n" % number)
            time.sleep(0.05)
    except OSError:
        pass


def flood(line: socket.socket) -> None:
    """An answer without end."""
    try:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            line.sendall(b"x" * 65536)
    except OSError:
        pass


def silent(line: socket.socket) -> None:
    """Nothing for a while."""
    time.sleep(4)
    line.close()


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (silent, "TIMED_OUT"),
        (drip, "TIMED_OUT"),
        (lambda line: line.close(), "BROKEN_OFF"),
        (lambda line: (line.recv(65536), line.close()), "BROKEN_OFF"),
        (lambda line: (line.recv(65536), line.sendall(b"hello\r\n\r\n"), line.close()), "NO_HTTP"),
    ],
    ids=["silent", "drips", "hangs up", "hangs up after the request", "no HTTP"],
)
def test_what_went_wrong_is_told_in_time(act: Callable[[socket.socket], None], code: str) -> None:
    """No answer, an answer that never ends, none at all, nonsense: each told by its code, and within the time-out."""
    begun = time.monotonic()
    with raw(act) as url:
        with pytest.raises(Unavailable) as caught:
            post(url)
        assert time.monotonic() - begun < 2.5
    assert caught.value.code == code


def test_an_endless_answer_is_left_at_its_status() -> None:
    """The status counts; of the body only a little is read."""
    with raw(flood) as url:
        assert post(url).status == 200


def test_nobody_there_is_told() -> None:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="no connection: Connection refused") as caught:
        post(f"http://127.0.0.1:{port}/")
    assert caught.value.code == "NOT_REACHED"


def test_the_second_address_is_tried_and_a_silent_one_is_told(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first address takes no connection the second gets it; where none does in time, that is told."""
    really = socket.create_connection
    reached: list[str] = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        reached.append(address[0])
        if address[0] == "1.1.1.1":
            raise TimeoutError
        return really(("127.0.0.1", receiver.port), timeout=timeout)

    monkeypatch.setattr(socket, "create_connection", connect)
    addresses: list[str] = ["1.1.1.1", "1.1.1.2", "1.1.1.3"]
    poster = Poster(WebhookSettings(timeout=timedelta(seconds=1)), resolve=lambda host, port: addresses)
    endpoint = Endpoint("http", HOST, 80, "/", exempt=False)
    with poster.open(endpoint) as line:
        assert line.post(b"{}", {}).status == 204
    assert reached == ["1.1.1.1", "1.1.1.2"]
    addresses[:] = ["1.1.1.1"]
    with poster.open(endpoint) as line, pytest.raises(Unavailable, match="no connection within 1 s") as caught:
        line.post(b"{}", {})
    assert caught.value.code == "TIMED_OUT"


def test_a_name_that_leads_elsewhere_later_is_refused(receiver: Receiver) -> None:
    """The name was public when it was judged first; at the next connection it leads to loopback, and nobody goes there."""
    answers: list[Sequence[str]] = [["127.0.0.1"]]
    poster = Poster(WebhookSettings(timeout=timedelta(seconds=1)), resolve=lambda host, port: answers[0])
    endpoint = Endpoint("http", HOST, receiver.port, "/", exempt=False)
    with poster.open(endpoint) as line, pytest.raises(Unavailable) as caught:
        line.post(b"{}", {})
    assert caught.value.code == "NOT_PUBLIC"
    assert receiver.connections == 0


def test_the_connection_goes_to_the_address_that_was_judged(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is resolved once; the socket is given the address, never the name."""
    asked: list[str] = []
    reached: list[str] = []
    really = socket.create_connection

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        reached.append(address[0])
        return really(("127.0.0.1", receiver.port), timeout=timeout)

    monkeypatch.setattr(socket, "create_connection", connect)
    poster = Poster(WebhookSettings(timeout=timedelta(seconds=5)), resolve=resolve)
    with poster.open(Endpoint("http", HOST, 80, "/", exempt=False)) as line:
        assert line.post(b"{}", {}).status == 204
    assert (asked, reached) == ([HOST], ["93.184.215.14"])
    assert receiver.got[0].headers["Host"] == HOST


def test_a_kept_connection_that_was_closed_is_made_anew(receiver: Receiver) -> None:
    """Between two events the other side has hung up: the second goes over a new connection, judged again."""

    def once(got: Got, handler) -> int:  # type: ignore[no-untyped-def]
        handler.close_connection = True
        return 204

    receiver.answer = once
    with Poster(SETTINGS).open(read_endpoint(receiver.url, ALLOWED)) as line:
        for _ in range(3):
            assert line.post(b"{}", {}).status == 204
            time.sleep(0.1)
    assert receiver.connections == 3


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for one name, and the file of the root that issued it."""
    folder = tmp_path_factory.mktemp("tls")
    authority = make_authority("webhook root")
    key = make_key("webhook server")
    builder = begin(make_subject("311000017", HOST), authority[1].subject, key=key)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority[0].public_key())
    builder = builder.add_extension(names, critical=False).add_extension(identifier, critical=False)
    (folder / "server.pem").write_bytes(write_pem(builder.sign(authority[0], hashes.SHA256())) + write_key(key))
    (folder / "root.pem").write_bytes(write_pem(authority[1]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, folder / "root.pem"


@contextmanager
def tls_receiver(context: ssl.SSLContext) -> Iterator[int]:
    """An endpoint that speaks TLS and answers 200; its port."""

    def act(line: socket.socket) -> None:
        try:
            with context.wrap_socket(line, server_side=True) as safe:
                while not safe.recv(65536).endswith(b"{}"):
                    pass
                safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except OSError:
            pass

    with raw(act) as url:
        yield int(url.rsplit(":", 1)[1].strip("/"))


@pytest.mark.parametrize(
    ("host", "trusted", "told"),
    [
        (HOST, True, ""),
        ("other.example", True, "Hostname mismatch"),
        (HOST, False, "unable to get local issuer certificate"),
    ],
)
def test_the_certificate_is_checked_against_the_name(
    tls: tuple[ssl.SSLContext, Path], host: str, trusted: bool, told: str
) -> None:
    """Though the connection goes to an address: another name or an unknown issuer is refused, and says so."""
    settings = WebhookSettings((host,), timeout=timedelta(seconds=5), roots=tls[1] if trusted else None)
    poster = Poster(settings, resolve=lambda host, port: ["127.0.0.1"])
    with tls_receiver(tls[0]) as port:
        if not told:
            assert post(f"https://{host}:{port}/", poster, settings).status == 200
            return
        with pytest.raises(Unavailable, match=told) as caught:
            post(f"https://{host}:{port}/", poster, settings)
    assert caught.value.code == "TLS"


def test_a_handshake_that_never_ends_is_cut() -> None:
    """The other side takes the connection and says nothing of TLS."""
    settings = WebhookSettings((HOST,), timeout=timedelta(seconds=1))
    poster = Poster(settings, resolve=lambda host, port: ["127.0.0.1"])
    begun = time.monotonic()
    with raw(silent) as url, pytest.raises(Unavailable) as caught:
        post(url.replace("http://127.0.0.1", f"https://{HOST}"), poster, settings)
    assert caught.value.code == "TIMED_OUT"
    assert time.monotonic() - begun < 6


def test_roots_that_cannot_be_read_are_a_fault_of_the_settings(tmp_path: Path) -> None:
    """Found at the start, not at the first webhook."""
    (tmp_path / "roots.pem").write_text("no PEM")
    for name in ("roots.pem", "missing.pem"):
        with pytest.raises(SetupFault, match=name):
            Poster(WebhookSettings(roots=tmp_path / name))
