"""`gateway client`: keys and passwords are shown once and kept as hashes; whoever has one gets in, nobody else."""

import json
import re
import sqlite3
import time
from pathlib import Path

import pytest
import requests
from werkzeug.security import check_password_hash

from gateway.api.login import hash_key
from tests.cli.conftest import Run
from tests.documents import Message
from tests.live import Gateway

ORGANISATION, OTHER = "0192:311000012", "0192:311000020"


def rows(data: Path) -> list[tuple[str, ...]]:
    """What the database holds of the logins."""
    with sqlite3.connect(data / "gateway.db") as connection:
        return list(connection.execute("SELECT name, kind, secret_hash, organisations, require_if_match FROM client"))


def test_a_key_is_shown_once_and_kept_as_a_hash(run: Run, data: Path) -> None:
    """256 random bits on stdout alone; the database holds their SHA-256 and not the key."""
    result = run("client", "add", "fagsystem", "--organisation", "311 000 012".replace(" ", ""), "--data", data)
    key = result.stdout.strip()
    assert re.fullmatch(r"[\w-]{43}", key)
    ((name, kind, kept, organisations, demanded),) = rows(data)
    assert (name, kind, kept, demanded) == ("fagsystem", "api-key", hash_key(key), 0)
    assert ORGANISATION in organisations
    assert key.encode() not in b"".join(path.read_bytes() for path in data.glob("gateway.db*"))


def test_two_keys_are_never_the_same(run: Run, data: Path) -> None:
    """Each call makes a new one."""
    keys = {run("client", "add", name, "--organisation", ORGANISATION, "--data", data).stdout for name in "abc"}
    assert len(keys) == 3


def test_basic_without_a_terminal_makes_a_password(run: Run, data: Path) -> None:
    """The password is printed, kept with a slow hash, and If-Match can be demanded."""
    options = ("--basic", "--require-if-match", "--organisation", ORGANISATION, "--data", data)
    password = run("client", "add", "gammelt", *options).stdout.strip()
    ((_, kind, kept, _, demanded),) = rows(data)
    assert (kind, demanded) == ("basic", 1)
    assert kept.startswith("scrypt:")
    assert check_password_hash(kept, password)


def test_a_name_that_is_taken_is_refused(run: Run, data: Path) -> None:
    """The first login stays as it is."""
    add = ("client", "add", "fagsystem", "--organisation", ORGANISATION, "--data", data)
    run(*add)
    kept = rows(data)
    result = run(*add)
    assert (result.exit_code, "already" in result.stderr, result.stdout) == (2, True, "")
    assert "gateway client change" in result.stderr
    assert "gateway client renew" in result.stderr
    assert rows(data) == kept


def test_a_wrong_organisation_is_refused(run: Run, data: Path) -> None:
    """A number with a wrong check digit makes no login."""
    result = run("client", "add", "x", "--organisation", "0192:311000011", "--data", data)
    assert (result.exit_code, "check digit" in result.output) == (2, True)
    assert not (data / "gateway.db").exists()


def test_an_organisation_of_another_gateway_is_remarked(run: Run, data: Path) -> None:
    """It is allowed, but said that nothing can be sent for it here."""
    result = run("client", "add", "x", "--organisation", "0192:311000020", "--data", data)
    assert result.exit_code == 0
    assert "note: 0192:311000020" in result.stderr


def test_list_and_remove(run: Run, data: Path) -> None:
    """Who is there is listed without secrets, who is removed is not."""
    key = run("client", "add", "fagsystem", "--organisation", ORGANISATION, "--data", data).stdout.strip()
    listed = run("client", "list", "--data", data).output
    assert f"fagsystem  api-key  {ORGANISATION}  since " in listed
    assert key not in listed
    assert hash_key(key) not in listed
    assert run("client", "remove", "fagsystem", "--data", data).exit_code == 0
    assert run("client", "remove", "fagsystem", "--data", data).exit_code == 1
    assert "no logins yet" in run("client", "list", "--data", data).output


def test_the_key_opens_the_door(run: Run, gateway: Gateway) -> None:
    """A login made beside the running server works at once; a wrong key does not, and the local door is shut."""
    data = gateway.assembly.settings.data
    try:
        key = run("client", "add", "door", "--organisation", ORGANISATION, "--data", data).stdout.strip()
        codes = [
            requests.get(
                f"{gateway.url}/out/messages", headers={"Authorization": f"Bearer {each}"}, timeout=10
            ).status_code
            for each in (key, key[:-1] + "x")
        ]
        assert codes == [200, 401]
    finally:
        assert run("client", "remove", "door", "--data", data).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        "client list",
        "client remove x",
        "client renew x",
        "client change x --handling strict",
        "db release",
        "db release --all",
        "db hold",
        "db forget-key 1f0c",
    ],
)
def test_a_mistyped_folder_is_told_and_not_made(run: Run, tmp_path: Path, words: str) -> None:
    """What looks into a database, or takes something out of it, makes none."""
    result = run(*words.split(), "--data", tmp_path / "typo")
    assert (result.exit_code, "there is no database" in result.stderr) == (2, True)
    assert "Check --data." in result.stderr
    assert not (tmp_path / "typo").exists()


def test_a_folder_that_cannot_be_made_is_told(run: Run) -> None:
    """In words, not as a traceback."""
    result = run("client", "add", "x", "--organisation", ORGANISATION, "--data", "/proc/zz")
    assert (result.exit_code, "/proc/zz cannot be written: " in result.stderr) == (2, True)


def facts(data: Path) -> tuple[object, ...]:
    """All that the database holds of the only login."""
    with sqlite3.connect(data / "gateway.db") as connection:
        (row,) = connection.execute("SELECT id, secret_hash, organisations, handling, require_if_match FROM client")
    return (*row[:2], json.loads(row[2]), *row[3:])


def test_what_a_login_may_do_is_changed(run: Run, data: Path) -> None:
    """Organisations more, fewer, or these alone; handling; If-Match: each for itself, and the key stays."""
    run("client", "add", "fagsystem", "--organisation", ORGANISATION, "--data", data)
    identity = facts(data)[:2]
    for options, organisations, handling, demanded in (
        (["--add-organisation", OTHER], [ORGANISATION, OTHER], "", 0),
        (["--handling", "lenient"], [ORGANISATION, OTHER], "lenient", 0),
        (["--require-if-match", "--remove-organisation", ORGANISATION], [OTHER], "lenient", 1),
        (["--organisation", "311000012"], [ORGANISATION], "lenient", 1),
        (["--no-require-if-match"], [ORGANISATION], "lenient", 0),
    ):
        result = run("client", "change", "fagsystem", *options, "--data", data)
        assert (result.exit_code, f"may send for {', '.join(organisations)} now" in result.stdout) == (0, True)
        assert facts(data) == (*identity, organisations, handling, demanded)
    assert "note: " + OTHER in run("client", "change", "fagsystem", "--organisation", OTHER, "--data", data).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nobody", "--handling", "strict"], 1, "no login called nobody"),
        (["fagsystem"], 2, "nothing is to be changed"),
        (["fagsystem", "--remove-organisation", ORGANISATION], 1, "would send for nobody"),
        (["fagsystem", "--add-organisation", "0192:311000011"], 2, "check digit"),
    ],
)
def test_a_change_that_is_none_is_refused(run: Run, data: Path, arguments: list[str], code: int, words: str) -> None:
    """And the login stays as it is."""
    run("client", "add", "fagsystem", "--organisation", ORGANISATION, "--data", data)
    kept = facts(data)
    result = run("client", "change", *arguments, "--data", data)
    assert (result.exit_code, words in result.output) == (code, True)
    assert facts(data) == kept


def test_a_renewed_key_is_another_for_the_same_login(run: Run, data: Path) -> None:
    """Shown once and kept as a hash, like the first."""
    old = run("client", "add", "fagsystem", "--organisation", ORGANISATION, "--data", data).stdout.strip()
    before = facts(data)
    result = run("client", "renew", "fagsystem", "--data", data)
    new = result.stdout.strip()
    assert re.fullmatch(r"[\w-]{43}", new)
    assert new != old
    assert "key of fagsystem (shown this once):" in result.stderr
    assert facts(data) == (before[0], hash_key(new), *before[2:])
    assert run("client", "renew", "nobody", "--data", data).exit_code == 1


def test_a_renewed_password_is_another(run: Run, data: Path) -> None:
    """Basic stays Basic."""
    add = ("client", "add", "gammelt", "--basic", "--organisation", ORGANISATION, "--data", data)
    old = run(*add).stdout.strip()
    result = run("client", "renew", "gammelt", "--data", data)
    ((_, kind, kept, _, _),) = rows(data)
    assert (kind, check_password_hash(kept, result.stdout.strip()), check_password_hash(kept, old)) == (
        "basic",
        True,
        False,
    )
    assert "password of gammelt" in result.stderr


def test_at_the_door_only_the_new_key_opens(run: Run, gateway: Gateway) -> None:
    """A running server knows the old one for five seconds at most; what the login has made is still its own."""
    data = gateway.assembly.settings.data

    def look(key: str, path: str = "out/messages") -> requests.Response:
        return requests.get(f"{gateway.url}/{path}", headers={"Authorization": f"Bearer {key}"}, timeout=10)

    try:
        old = run("client", "add", "renewed", "--organisation", ORGANISATION, "--data", data).stdout.strip()
        posted = requests.post(
            f"{gateway.url}/out/messages",
            data=Message().xml(),
            headers={"Authorization": f"Bearer {old}", "Content-Type": "application/xml"},
            timeout=10,
        ).json()
        new = run("client", "renew", "renewed", "--data", data).stdout.strip()
        assert look(new, f"out/messages/{posted['conversationId']}").status_code == 200
        for _ in range(60):
            if look(old).status_code == 401:
                break
            time.sleep(0.1)
        assert (look(old).status_code, look(new).status_code) == (401, 200)
    finally:
        assert run("client", "remove", "renewed", "--data", data).exit_code == 0


@pytest.mark.parametrize("name", ["", " ", "a:b", "a\nb", "a\x00b"])
def test_a_name_that_could_never_log_in_is_refused(run: Run, data: Path, name: str) -> None:
    """Before anything is made."""
    result = run("client", "add", name, "--basic", "--organisation", ORGANISATION, "--data", data)
    assert (result.exit_code, "holds no colon" in result.output, result.stdout) == (2, True, "")
    assert not (data / "gateway.db").exists()
