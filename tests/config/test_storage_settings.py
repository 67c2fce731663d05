"""Where things are stored, as it is written in gateway.toml or in variables."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config import DocumentSettings, Settings, load
from gateway.errors import SetupFault
from gateway.storage.bucket import BucketSettings


def read(tmp_path: Path, text: str = "", **variables: str) -> Settings:
    """The settings of a file with this `[storage]` section."""
    (tmp_path / "gateway.toml").write_text(f"[storage]\n{text}\n", encoding="utf-8")
    return load(tmp_path, environ=variables)


def test_nothing_said_is_folders_for_thirty_days(tmp_path: Path) -> None:
    """Everything in the data folder."""
    settings = read(tmp_path)
    assert settings.documents == DocumentSettings(None, None, timedelta(days=30))
    assert settings.database == str(tmp_path / "gateway.db")


def test_a_bucket_with_everything(tmp_path: Path) -> None:
    """All its members, and a PostgreSQL address that stays an address."""
    text = (
        'database = "postgresql://u@h/d"\ndocuments = "s3://bucket/a/b"\nendpoint = "https://s3.example"\n'
        'region = "eu-north-1"\naccess_key_id = "id"\nsecret_access_key = "hush"\nretention_days = 0.5\n'
        'sealing_keys = "sealing"'
    )
    settings = read(tmp_path, text)
    place = BucketSettings("bucket", "a/b", "https://s3.example", "eu-north-1", "id", "hush")
    assert settings.documents == DocumentSettings(place, tmp_path / "sealing", timedelta(hours=12))
    assert settings.database == "postgresql://u@h/d"


def test_a_bucket_by_variables(tmp_path: Path) -> None:
    """As a container is set up; the credentials may be AWS's own, which are not ours to read."""
    settings = read(
        tmp_path, GATEWAY_STORAGE_DOCUMENTS="s3://bucket", GATEWAY_STORAGE_REGION="r", AWS_ACCESS_KEY_ID="x"
    )
    assert settings.documents.place == BucketSettings("bucket", region="r")


def test_another_folder_is_meant_from_the_settings_file(tmp_path: Path) -> None:
    """A path is relative to the file that holds it."""
    assert read(tmp_path, 'documents = "other"').documents.place == tmp_path / "other"


def test_the_database_too_is_meant_from_the_settings_file(tmp_path: Path) -> None:
    """And not from wherever the program was started; an absolute path and an address stay as they are."""
    assert read(tmp_path, 'database = "state.db"').database == str(tmp_path / "state.db")
    assert read(tmp_path, GATEWAY_STORAGE_DATABASE="state.db").database == str(tmp_path / "state.db")
    assert read(tmp_path, 'database = "/else/where.db"').database == "/else/where.db"
    assert read(tmp_path, 'database = "sqlite:///x.db"').database == "sqlite:///x.db"


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """Whoever prints the settings prints no credentials."""
    settings = read(tmp_path, 'documents = "s3://b"\naccess_key_id = "WHO"\nsecret_access_key = "HUSH"')
    assert "HUSH" not in repr(settings)
    assert "WHO" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('documents = "s3://"', "line 2, [storage] documents: a bucket is named"),
        ('documents = "s3://key:secret@bucket"', "line 2, [storage] documents: a bucket is named"),
        ('documents = "s3://b"\nendpoint = "http://10.0.0.5:9000"', "line 3, [storage] endpoint: it is not https"),
        ("retention_days = -1", "line 2, [storage] retention_days"),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(tmp_path: Path, text: str, fault: str) -> None:
    """Before anything is opened."""
    with pytest.raises(SetupFault) as caught:
        read(tmp_path, text)
    assert any(fault in each for each in caught.value.faults), caught.value.faults


def test_every_fault_of_the_section_is_told_at_once(tmp_path: Path) -> None:
    """A bucket that is none hides neither an endpoint without HTTPS nor a number that does not fit."""
    with pytest.raises(SetupFault) as caught:
        read(tmp_path, 'documents = "s3://"\nendpoint = "http://minio:9000"\nretention_days = -1')
    assert sorted(each[:6] for each in caught.value.faults) == ["line 2", "line 3", "line 4"]


@pytest.mark.parametrize(
    "more", ['endpoint = "http://127.0.0.1:9000"', 'endpoint = "http://10.0.0.5"\nallow_http = true']
)
def test_plain_http_where_it_is_safe_or_wanted(tmp_path: Path, more: str) -> None:
    """On this machine always; elsewhere when it is said."""
    place = read(tmp_path, f'documents = "s3://b"\n{more}').documents.place
    assert isinstance(place, BucketSettings)
    assert place.allow_http == ("allow_http" in more)


def test_the_channel_takes_what_its_resource_takes(tmp_path: Path) -> None:
    """`[dpo] maximum_message` raises the limit of DPO and of no other channel."""
    text = (
        '[dpo]\nurl = "https://a.example/x"\ntoken_exchange_url = "https://b.example/x"\nmaximum_message = 5000\n'
        '[dpo.system_users]\n"0192:311000020" = "x"\n'
    )
    settings = read(tmp_path, f"\n{text}")
    assert {str(channel): size for channel, size in settings.intake.size_limits.items()}["DPO"] == 5000
    assert {str(channel): size for channel, size in settings.intake.size_limits.items()}["DPV"] == 250 * 1024 * 1024
