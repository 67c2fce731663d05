"""What an answer or a failed call means, and the shelf that tokens and answers are kept on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import requests

from gateway.errors import Unavailable, Verdict
from gateway.maskinporten import Kept, Shelf
from gateway.maskinporten.calls import calling, explain, open_session, read_retry_after, read_words

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def logins() -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the Authorization and Cookie headers that it was sent."""
    seen: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.headers['Authorization']} {self.headers['Cookie']}")
            self.send_response(204)
            self.send_header("Set-Cookie", "session=1")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", seen
        server.shutdown()
        thread.join()


def test_netrc_and_cookies_never_mix_with_our_token(logins, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login in ~/.netrc does not take the place of the token that we send, and a cookie is not sent back."""
    url, seen = logins
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    session = open_session()
    for _ in range(2):
        session.get(url, headers={"Authorization": "Bearer ours"}, timeout=1)
    assert seen == ["Bearer ours None", "Bearer ours None"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12", 12),
        ("Mon, 02 Nov 2026 12:01:30 GMT", 90),
        ("Mon, 02 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
        ("", None),
        ("999999999", 86400),
        ("-5", None),
    ],
)
def test_retry_after(text: str, seconds: int | None) -> None:
    """Retry-After is read as seconds or as a date; anything else says nothing."""
    answer = requests.Response()
    answer.headers["Retry-After"] = text
    assert read_retry_after(answer, START) == seconds


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error":"invalid_scope","error_description":"no such"}', "invalid_scope: no such"),
        ('{"title":"Bad","detail":"size","status":400,"errors":{"Sender":["x"]}}', 'Bad: size: {"Sender": ["x"]}'),
        (
            '{"message":"No service record found for citizen: 15859010099"}',
            "No service record found for citizen: ***********",
        ),
        ("<html>a page</html>", "(an HTML page)"),
        ("  plain\n text ", "plain text"),
        ("x" * 900, "x" * 500),
    ],
)
def test_words_of_an_error_answer(body: str, words: str) -> None:
    """The other side's words are found in each of its shapes, shortened, and shown without person numbers."""
    answer = requests.Response()
    answer._content = body.encode()
    assert read_words(answer) == words


def test_failed_call_hides_its_url() -> None:
    """The error of a call that failed names neither the URL nor a number in it, nor is it chained to one that does."""
    with pytest.raises(Unavailable) as caught, calling("The registry"):
        open_session().get("http://127.0.0.1:9/identifier/15859010099", timeout=1)
    assert "15859010099" not in f"{caught.value}{caught.value.mend}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_unknown_4xx_is_final_and_408_is_not() -> None:
    """A request that timed out on the other side may be tried again; other 4xx may not."""
    answer = requests.Response()
    answer._content = b""
    verdicts = {}
    for answer.status_code in (301, 400, 408, 409, 418, 422, 429, 500):
        verdicts[answer.status_code] = explain(answer, "X", now=lambda: START).verdict
    assert [status for status, verdict in verdicts.items() if verdict is Verdict.AGAIN] == [408, 429, 500]


def test_shelf_is_bounded_and_drops_the_longest_unused(clock: Clock) -> None:
    """A shelf of two keeps the two that were used last."""
    fetched: list[str] = []

    def fetch(key: str) -> Kept[str]:
        fetched.append(key)
        return Kept(key, 60)

    shelf: Shelf[str, str] = Shelf(fetch, now=clock, size=2)
    for key in ("a", "b", "a", "c", "a", "b"):
        assert shelf.take(key) == key
    assert fetched == ["a", "b", "c", "b"]


def test_shelf_does_not_trust_a_clock_that_was_set_back(clock: Clock) -> None:
    """When the clock is set back, what is kept is fetched anew instead of being served for longer."""
    values = iter("ab")
    shelf: Shelf[str, str] = Shelf(lambda _: Kept(next(values), 60), now=clock)
    assert shelf.take("x") == "a"
    clock.pass_by(-3600)
    assert shelf.take("x") == "b"
