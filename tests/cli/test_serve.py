"""`gateway serve` and `gateway worker` as real processes: they come up, they drain, and none outlives the others."""

import json
import os
import signal
import socket
from pathlib import Path

import pytest
import requests

from gateway.cli.settings_file import write_settings
from gateway.errors import SetupFault
from gateway.sandbox.server import Sandbox
from tests.cli.conftest import Served, command_of, descendants, is_alive, served, started, wait_until
from tests.secrets import PERSON_NUMBER

POST = b"POST /out/messages HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture
def log(run_log: Path, request: pytest.FixtureRequest) -> Path:
    """The stderr of what is started; it belongs to the log of the run."""
    return run_log.parent / f"cli-{request.node.name}.stderr"


def workers(server: Served) -> list[int]:
    """The delivery workers that a server has started."""
    return [pid for pid in descendants(server.process.pid) if "worker" in command_of(pid)]


def is_working(server: Served, log: Path, *, times: int = 1) -> bool:
    """Whether its worker has come up (so many times)."""
    return len(workers(server)) == 1 and log.read_text().count('"worker_started"') == times


def test_it_comes_up_answers_and_drains(data: Path, log: Path) -> None:
    """It says where it listens and has one worker; on SIGTERM an open request is still answered, then all of it ends."""
    with served(data, log) as server:
        assert requests.get(f"{server.url}/manage/health", timeout=10).json()["status"] == "UP"
        wait_until(lambda: is_working(server, log))
        below = descendants(server.process.pid)
        assert len(below) == 3
        with socket.create_connection(_address(server.url), timeout=20) as connection:
            connection.sendall(POST + b"Content-Type: application/xml\r\nContent-Length: 4\r\n\r\n<a")
            wait_until(lambda: requests.get(f"{server.url}/manage/health", timeout=10).ok)
            server.process.terminate()
            wait_until(lambda: '"worker_drained"' in log.read_text())
            connection.sendall(b"/>")
            assert connection.recv(100).startswith(b"HTTP/1.1 422 ")
        assert server.process.wait(15) == 0
        assert not any(map(is_alive, below))


def test_none_outlives_a_server_that_is_killed(data: Path, log: Path) -> None:
    """kill -9 of the parent: server and worker notice and end by themselves."""
    with served(data, log) as server:
        wait_until(lambda: is_working(server, log))
        below = descendants(server.process.pid)
        server.process.kill()
        wait_until(lambda: not any(map(is_alive, below)))
    assert '"worker_drained"' in log.read_text()


def test_a_worker_that_dies_is_replaced(data: Path, log: Path) -> None:
    """kill -9 of the worker: another one comes, the server goes on answering; Ctrl-C ends it all with 0."""
    with served(data, log) as server:
        wait_until(lambda: is_working(server, log))
        (worker,) = workers(server)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: is_working(server, log, times=2))
        assert workers(server) != [worker]
        assert requests.get(f"{server.url}/manage/health", timeout=10).ok
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(15) == 0
    assert '"worker_ended"' in log.read_text()


def test_the_log_is_json_and_holds_no_path(data: Path, log: Path) -> None:
    """Access lines carry the route's template; gunicorn's own access log is off, and what it says is JSON, too."""
    with served(data, log) as server:
        requests.get(f"{server.url}/out/messages/{PERSON_NUMBER}", timeout=10)
        with socket.create_connection(_address(server.url), timeout=20) as connection:
            connection.sendall(b"GET /capabilities/" + PERSON_NUMBER.encode() + b"\r\n\r\n")
            connection.recv(100)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"request", "gunicorn.error"} <= {line[key] for line in lines for key in ("event", "logger") if key in line}
    assert "/out/messages/<conversation_id>" in {line.get("route") for line in lines}
    assert "/capabilities/***********" in log.read_text()
    assert PERSON_NUMBER not in log.read_text()


def test_an_address_beyond_this_machine_is_refused_without_logins(data: Path) -> None:
    """0.0.0.0 and no login: exit code 2, why, and how to make one; nothing listens."""
    with started("serve", "--data", data, "--host", "0.0.0.0", "--port", "0") as process:
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (2, b"")
    assert b"nobody has a login" in errors
    assert b"gateway client add" in errors
    assert b"Traceback" not in errors


def test_a_port_that_is_taken_is_told(data: Path) -> None:
    """Exit code 2 and which port it is."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started("serve", "--data", data, "--port", port) as process:
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert f"127.0.0.1:{port}".encode() in errors


def test_a_worker_alone_drains(data: Path, log: Path) -> None:
    """`gateway worker` starts without a server, and SIGTERM ends it with 0."""
    with started("worker", "--data", data, stderr=log) as process:
        wait_until(lambda: '"worker_started"' in log.read_text())
        process.terminate()
        assert process.wait(15) == 0
    assert '"worker_drained"' in log.read_text()


def test_the_sandbox_writes_settings_that_a_server_can_live_by(tmp_path: Path, log: Path) -> None:
    """`gateway sandbox` and `gateway serve` with the same folder: up, and both end when told to."""
    with started("sandbox", "--data", tmp_path, "--port", "0") as sandbox:
        assert sandbox.stdout is not None
        assert sandbox.stdout.readline().startswith(b"sandbox on http://127.0.0.1:")
        wait_until((tmp_path / "gateway.toml").exists)
        assert (tmp_path / "gateway.toml").stat().st_mode & 0o077 == 0
        with served(tmp_path, log) as server:
            answer = requests.get(f"{server.url}/capabilities/0192:311000020", timeout=20).json()
            assert answer["registered"]["name"] == "FJORDVIK TILSYN"
        sandbox.send_signal(signal.SIGINT)
        assert sandbox.wait(15) == 0


def test_a_second_server_in_the_folder_does_not_start(data: Path, log: Path) -> None:
    """It says who runs there; when that one is killed outright, the next one starts."""
    with served(data, log) as server:
        with started("serve", "--no-worker", "--data", data, "--port", "0", stderr=log) as second:
            assert second.wait(30) == 2
        assert "gateway: another gateway runs here (process " in log.read_text()
        for pid in (server.process.pid, *descendants(server.process.pid)):
            os.kill(pid, signal.SIGKILL)
        with served(data, log) as after:
            assert requests.get(f"{after.url}/manage/health", timeout=10).ok


def test_a_second_worker_says_that_another_runs(data: Path, log: Path) -> None:
    """It works all the same, for leases keep them apart; a worker beside a server alone has nothing to say."""
    with started("serve", "--no-worker", "--data", data, "--port", "0", stderr=log) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith(b"listening on ")
        with started("worker", "--data", data, stderr=log):
            wait_until(lambda: log.read_text().count('"worker_started"') == 1)
            assert "another_worker_runs_here" not in log.read_text()
            with started("worker", "--data", data, stderr=log):
                wait_until(lambda: log.read_text().count('"worker_started"') == 2)
                assert log.read_text().count('"another_worker_runs_here"') == 1


def test_a_second_sandbox_touches_nothing_of_the_first(tmp_path: Path, log: Path) -> None:
    """It is refused, and the first one's spool and settings are still there."""
    with started("sandbox", "--data", tmp_path, "--port", "0", stderr=log) as first:
        assert first.stdout is not None
        first.stdout.readline()
        wait_until((tmp_path / "gateway.toml").exists)
        kept = (tmp_path / "gateway.toml").read_bytes()
        with started("sandbox", "--data", tmp_path, "--port", "0", stderr=log) as second:
            assert second.wait(30) == 2
        assert "another sandbox runs in" in log.read_text()
        assert (tmp_path / "gateway.toml").read_bytes() == kept
        assert (tmp_path / "sandbox" / "spool").is_dir()


def test_sections_beside_the_sandboxs_own_are_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    """However often it starts; its own are written anew."""
    path = write_settings(tmp_path, sandbox.setup(), poll_seconds=1)
    mine = '[server]\nport = 9000  # mine\n\n[[intake.processes]]\nprocess = "x"\n'
    path.write_text(path.read_text() + "\n" + mine)
    for _ in range(2):
        write_settings(tmp_path, sandbox.setup(), poll_seconds=2)
    text = path.read_text()
    assert text.endswith("\n\n" + mine)
    assert (text.count("[dpo]"), text.count("[server]"), "poll_seconds = 2" in text) == (1, 1, True)


def test_settings_that_somebody_wrote_are_left_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    """A gateway.toml that is not the sandbox's own is kept, and the sandbox says so."""
    (tmp_path / "gateway.toml").write_text("# mine\n")
    with pytest.raises(SetupFault, match="did not write it"):
        write_settings(tmp_path, sandbox.setup(), poll_seconds=1)
    assert (tmp_path / "gateway.toml").read_text() == "# mine\n"


def _address(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").split(":")
    return host, int(port)
