"""gateway.toml and the variables as people really write them: what cannot be read is told in words, with its place."""

from pathlib import Path

import pytest

from gateway.config import Settings, load
from gateway.errors import SetupFault
from gateway.storage.bucket import BucketSettings


def read(tmp_path: Path, text: str, **variables: str) -> Settings:
    """The settings of a file with this text."""
    (tmp_path / "gateway.toml").write_text(text, encoding="utf-8")
    return load(tmp_path, environ=variables)


def refused(tmp_path: Path, text: str, **variables: str) -> SetupFault:
    """The fault of a file with this text."""
    with pytest.raises(SetupFault) as caught:
        read(tmp_path, text, **variables)
    return caught.value


def test_a_file_in_latin_1_is_told(tmp_path: Path) -> None:
    """An old editor's file is not TOML's UTF-8, and the fault says what to do."""
    (tmp_path / "gateway.toml").write_bytes('[keys]\npassword = "blåbær"\n'.encode("latin-1"))
    with pytest.raises(SetupFault, match=r"gateway\.toml is not UTF-8") as caught:
        load(tmp_path, environ={})
    assert caught.value.mend == "Save it as UTF-8."


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights that are missing are no traceback."""

    def forbidden(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "gateway.toml").touch()
    monkeypatch.setattr(Path, "read_text", forbidden)
    with pytest.raises(SetupFault, match=r"gateway\.toml cannot be read: Permission denied"):
        load(tmp_path, environ={})


def test_a_password_file_that_cannot_be_read_is_told_with_the_rest(tmp_path: Path) -> None:
    """With its line, beside other faults, and as not UTF-8 where it is not."""
    fault = refused(tmp_path, '[keys]\npassword_file = "none"\n[server]\nport = "x"\n')
    assert [each.partition(":")[0] for each in fault.faults] == [
        "line 4, [server] port",
        "line 2, [keys] password_file",
    ]
    assert "No such file" in fault.faults[1]
    assert fault.mend
    (tmp_path / "latin").write_bytes("blåbær".encode("latin-1"))
    assert "is not UTF-8" in refused(tmp_path, '[keys]\npassword_file = "latin"\n').faults[0]
    (tmp_path / "right").write_text(" blåbær\n", encoding="utf-8")
    assert read(tmp_path, '[keys]\npassword_file = "right"\n').keys.password == "blåbær"


@pytest.mark.parametrize(
    ("text", "place"),
    [("server = 5\n", "line 1, server: "), ("\n[[server]]\nport = 1\n", "line 2, [server]: ")],
)
def test_a_section_that_is_none_is_not_taken_as_absent(tmp_path: Path, text: str, place: str) -> None:
    """A value or a list of tables where a section belongs is a fault."""
    assert refused(tmp_path, text).faults == (f"{place}it must be a section [server]",)


def test_a_variable_of_digits_is_a_text_where_a_text_is_wanted(tmp_path: Path) -> None:
    """Passwords, ids and file names; numbers, lists and tables are still read as such."""
    settings = read(
        tmp_path,
        "",
        GATEWAY_KEYS_PASSWORD="123456",
        GATEWAY_KEYS_ROOTS="42",
        GATEWAY_SERVER_PORT="9000",
        GATEWAY_SERVER_HOSTS='["a.example"]',
        GATEWAY_STORAGE_DOCUMENTS="s3://b",
        GATEWAY_STORAGE_SECRET_ACCESS_KEY="true",
    )
    assert (settings.keys.password, settings.keys.roots) == ("123456", tmp_path / "42")
    assert (settings.server.port, "a.example" in settings.server.hosts) == (9000, True)
    assert isinstance(settings.documents.place, BucketSettings)
    assert settings.documents.place.secret_access_key == "true"


def test_the_variable_is_named_where_it_is_to_blame(tmp_path: Path) -> None:
    """Not the line of the file that it was put over, nor the file itself where nothing in it is wrong."""
    fault = refused(tmp_path, "[server]\nport = 1\n", GATEWAY_SERVER_PORT="x", GATEWAY_ORGANISATIONS="0192:1")
    assert [each.partition(":")[0] for each in fault.faults] == ["GATEWAY_SERVER_PORT", "GATEWAY_ORGANISATIONS"]
    assert fault.message == "the environment has 2 faults"
    assert refused(tmp_path, "[server]\nthreads = 0\n", GATEWAY_SERVER_PORT="x").message.endswith(
        "gateway.toml has 2 faults"
    )
