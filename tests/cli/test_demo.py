"""`gateway demo` from beginning to end, as a newcomer runs it."""

import os
import re
import signal
from pathlib import Path

import pytest
import requests

from gateway.cli.expecting import Expectations
from gateway.cli.screen import Screen
from tests.cli.conftest import descendants, is_alive, started, wait_until


@pytest.mark.slow
def test_the_demo_shows_every_step_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--keep: every step, every claim held, a key that works for curl; Ctrl-C ends it with 0, no process, no folder.

    In English, whatever the locale.
    """
    monkeypatch.setenv("LC_ALL", "nb_NO.UTF-8")
    with started("demo", "--keep", tmpdir=tmp_path / "tmp", stderr=tmp_path / "errors") as process:
        assert process.stdout is not None
        output = ""
        while "Ctrl-C ends it all." not in output:
            block = os.read(process.stdout.fileno(), 65536).decode(errors="replace")
            assert block, output + (tmp_path / "errors").read_text()
            output += block
        for step in range(1, 9):
            assert f"\n{step}. " in output
        told = ("has not been uploaded", "    how: If the organisation was renamed", "handed over to DPO")
        shown = ("PART_MISMATCH", "NAME_MISMATCH", "CHANNEL_NOT_ENABLED", "LEVERT", "LEST", "signature holds", *told)
        for words in shown:
            assert words in output
        assert re.search(r"All \d\d claims above held", output)
        assert "✗" not in output
        key, url = (re.search(rf"export GATEWAY_{name}=(\S+)", output)[1] for name in ("KEY", "URL"))  # type: ignore[index]
        assert requests.get(f"{url}/out/messages", headers={"Authorization": f"Bearer {key}"}, timeout=10).ok
        below = descendants(process.pid)
        assert len(below) == 4
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        wait_until(lambda: not any(map(is_alive, below)))
        assert list((tmp_path / "tmp").iterdir()) == []


def test_a_claim_that_does_not_hold_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """What differs is shown with what was expected and what was found, and kept for the exit code."""
    claims = Expectations(Screen(rich=False))
    assert claims.expect("it arrived", 1, wanted=1)
    assert not claims.expect("it arrived once", ["a", "b"], wanted=["a"])
    assert (claims.held, claims.differences) == (1, ["it arrived once: expected a, found a, b"])
    assert "✗ it arrived once: expected a, found a, b" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("told", "left"), [(signal.SIGTERM, 0), (signal.SIGKILL, 1)])
def test_a_demo_that_is_ended_takes_everything_with_it(tmp_path: Path, told: signal.Signals, left: int) -> None:
    """SIGTERM in the middle: no process and no folder is left; kill -9: no process, either."""
    with started("demo", tmpdir=tmp_path) as process:
        wait_until(lambda: len(descendants(process.pid)) >= 3, seconds=40)
        below = descendants(process.pid)
        process.send_signal(told)
        process.wait(30)
        wait_until(lambda: not any(map(is_alive, below)))
        assert len(list(tmp_path.iterdir())) == left
