"""An answer that drips: every byte in time, the whole never. It is cut off; what is long by right is not."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
import requests

from gateway.errors import Unavailable
from gateway.maskinporten.calls import TIMED_OUT, calling, open_session
from tests.certificates import issue, make_authority, write_key, write_pem

SILENCE = 0.4
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANSWERS = {
    "status line": (b"HTTP/1.1 200 ", b"O" * 200),
    "header": (HEAD + b"X-Long: ", b"x" * 200),
    "body": (HEAD + b"Content-Length: 200\r\n\r\n", b"x" * 200),
    "chunks": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 40),
    "body without a length": (HEAD + b"Connection: close\r\n\r\n", b"x" * 200),
}


@contextmanager
def answering(at_once: bytes, then: bytes, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server whose answer begins at once and goes on with a byte at a time; its address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                line, _ = server.accept()
                with tls.wrap_socket(line, server_side=True) if tls else line as line:
                    line.recv(65536)
                    line.sendall(at_once)
                    for byte in then:
                        time.sleep(0.1)
                        line.sendall(bytes((byte,)))

        Thread(target=serve, daemon=True).start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.getsockname()[1]}/"


def look(url: str, **more: object) -> requests.Response:
    """One call that hears something every tenth of a second, and may hear nothing for four."""
    with calling("Somebody"):
        return open_session().get(url, timeout=(1, SILENCE), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", ANSWERS)
def test_an_answer_that_drips_is_cut_off(place: str) -> None:
    """Wherever it drips; and what was heard until then is not taken for an answer."""
    begun = time.monotonic()
    with answering(*ANSWERS[place]) as url, pytest.raises(Unavailable, match="no answer in time") as caught:
        look(url)
    assert caught.value.code == TIMED_OUT
    assert SILENCE < time.monotonic() - begun < 5 * SILENCE


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_it_is_cut_off_behind_tls_and_behind_a_proxy_too(tmp_path: Path) -> None:
    """Neither has a line of its own that nobody watches."""
    pair = issue(make_authority("Testrot"), "311000012", "Tjener")
    (tmp_path / "server.pem").write_bytes(write_key(pair.key) + write_pem(pair.certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    begun = time.monotonic()
    with answering(*ANSWERS["header"], tls=context) as url, pytest.raises(Unavailable, match="no answer in time"):
        look(url, verify=False)
    with answering(*ANSWERS["header"]) as url, pytest.raises(Unavailable, match="no answer in time"):
        look("http://gateway.example/", proxies={"http": url})
    assert 4 * SILENCE < time.monotonic() - begun < 10 * SILENCE


def test_an_error_that_drips_is_cut_off_also_where_a_download_was_asked_for() -> None:
    """Its words are read at once, and they are no download."""
    head = b"HTTP/1.1 503 Unavailable\r\nContent-Length: 200\r\n\r\n"
    begun = time.monotonic()
    with answering(head, b"x" * 200) as url, pytest.raises(Unavailable):
        look(url, stream=True)
    assert time.monotonic() - begun < 5 * SILENCE


def test_a_download_may_take_its_time() -> None:
    """It is read by whoever asked for it, as long as it goes on."""
    begun = time.monotonic()
    with answering(HEAD + b"Content-Length: 15\r\n\r\n", b"x" * 15) as url, look(url, stream=True) as answer:
        assert answer.content == b"x" * 15
    assert time.monotonic() - begun > 3 * SILENCE


def test_a_slow_answer_that_ends_in_time_is_whole() -> None:
    """And the connection that it came on is good for the next."""
    with answering(HEAD + b"Content-Length: 2\r\n\r\n", b"{}") as url:
        assert look(url).json() == {}


def test_many_drip_at_once_and_are_cut_off_each_in_its_time() -> None:
    """One with little time is not kept waiting by those with more, and what has ended is not cut any more."""
    with answering(*ANSWERS["body"]) as slow, answering(*ANSWERS["body"]) as slower, ThreadPoolExecutor() as pool:
        session = open_session()
        begun = time.monotonic()

        def wait(url: str, silence: float) -> float:
            with pytest.raises(requests.ReadTimeout):
                session.get(url, timeout=(1, silence))
            return time.monotonic() - begun

        long = pool.submit(wait, slower, 4 * SILENCE)
        time.sleep(SILENCE / 4)
        with answering(HEAD + b"Content-Length: 2\r\n\r\n", b"{}") as quick:
            assert session.get(quick, timeout=(1, SILENCE)).json() == {}
        assert wait(slow, SILENCE) < 4 * SILENCE
        assert 8 * SILENCE <= long.result() < 12 * SILENCE


@pytest.mark.parametrize("wait", [None, 5.0, (5.0, None)])
def test_whoever_names_no_silence_is_not_bounded(wait: float | tuple[float, float | None] | None) -> None:
    """The forms of a time limit that `requests` knows."""
    call: Callable[..., requests.Response] = open_session().get
    with answering(HEAD + b"Content-Length: 2\r\n\r\n", b"{}") as url:
        assert call(url, timeout=wait).json() == {}
