"""The look through the log of the whole run (tests/conftest.py) finds what must not be there."""

from pathlib import Path

import pytest

from tests.live import Gateway
from tests.log_of_the_run import look_through
from tests.secrets import DOCUMENT_MARK, PERSON_NUMBER, SECRET_TITLE


def test_requests_are_logged_with_the_template_of_their_route(gateway: Gateway, run_log: Path) -> None:
    """There is something to look through: what is asked for stands in the log, with no id in it."""
    gateway.call("GET", "/out/messages/3f1c2a70-0000-4000-8000-00000000abcd")
    text = run_log.read_text(encoding="utf-8")
    assert '"route": "/out/messages/<conversation_id>"' in text


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("a person number", f"number {PERSON_NUMBER} was"),
        ("document content", DOCUMENT_MARK),
        ("a shielded title", f"title {SECRET_TITLE}"),
        ("a token", "Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJub2JvZHkifQ.c2ln"),
        ("a private key", "-----BEGIN RSA PRIVATE KEY-----"),
        ("the secret of a webhook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ],
)
def test_what_must_not_be_in_a_log_is_found(tmp_path: Path, what: str, content: str) -> None:
    """In the log of this process or of one that a test started, and nowhere else."""
    (tmp_path / "run.log").write_text("all is well\n", encoding="utf-8")
    assert look_through(tmp_path) == []
    (tmp_path / "served.stderr").write_text(f"before it\n{content}\n", encoding="utf-8")
    (found,) = look_through(tmp_path)
    assert found.startswith(f"served.stderr holds {what}, after: before it")
