"""What the log of the whole test run does not hold. Runs last."""

import re
from pathlib import Path

import pytest

from tests.secrets import DOCUMENT_MARK, PERSON_NUMBER, SECRET_TITLE

_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
_PRIVATE_KEY = re.compile(r"BEGIN [A-Z ]*PRIVATE KEY")


@pytest.fixture
def log(run_log: Path, request: pytest.FixtureRequest) -> str:
    """Everything that was logged before this test."""
    text = run_log.read_text(encoding="utf-8", errors="replace")
    for more in sorted(run_log.parent.glob("*.stderr")):
        text += more.read_text(encoding="utf-8", errors="replace")
    return text


def test_the_log_says_what_happened(log: str, request: pytest.FixtureRequest) -> None:
    """There is something to look through: requests are logged, with route templates in place of ids."""
    if len(request.session.items) < 200:
        pytest.skip("only part of the tests ran")
    assert '"route": "/out/messages/<conversation_id>"' in log


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a person number", re.compile(PERSON_NUMBER)),
        ("document content", re.compile(DOCUMENT_MARK)),
        ("a shielded title", re.compile(SECRET_TITLE)),
        ("a token", _JWT),
        ("a private key", _PRIVATE_KEY),
        ("the secret of a webhook", re.compile("whsec_")),
    ],
)
def test_the_log_holds_no(log: str, what: str, pattern: "re.Pattern[str]") -> None:
    """No person number, token, key, shielded title or document content stands in the log of the run."""
    found = pattern.search(log)
    around = log[max(0, found.start() - 300) : found.start()] if found else ""
    assert found is None, f"the log holds {what}, after: {around}"
