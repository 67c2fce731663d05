"""`[webhooks]` in the settings file: read into the record of its room, faults told with their line."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config import load
from gateway.delivery.webhooks.endpoints import WebhookSettings
from gateway.errors import SetupFault


def test_the_section_is_read(tmp_path: Path) -> None:
    """Each key lands in its place; a path is relative to the file; without the section there are defaults."""
    (tmp_path / "gateway.toml").write_text(
        '[webhooks]\nallow_hosts = ["hooks.internal"]\ntimeout_seconds = 2.5\ngive_up_hours = 1\nparallel = 3\n'
        'roots = "roots.pem"\n'
    )
    assert load(tmp_path, environ={}).webhooks == WebhookSettings(
        ("hooks.internal",), timedelta(seconds=2.5), timedelta(hours=1), 3, tmp_path / "roots.pem"
    )
    (tmp_path / "gateway.toml").write_text("")
    assert load(tmp_path, environ={}).webhooks == WebhookSettings()
    given = load(tmp_path, environ={"GATEWAY_WEBHOOKS_ALLOW_HOSTS": '["127.0.0.1"]'}).webhooks
    assert given.allow_hosts == ("127.0.0.1",)


def test_faults_are_told_with_their_line(tmp_path: Path) -> None:
    """A time-out that would hold a thread for long, and a misspelt key."""
    (tmp_path / "gateway.toml").write_text('[webhooks]\ntimeout_seconds = 600\nallow = ["x"]\n')
    with pytest.raises(SetupFault) as caught:
        load(tmp_path, environ={})
    told = "\n".join(caught.value.faults)
    assert "line 2, [webhooks] timeout_seconds" in told
    assert "line 3, [webhooks] allow" in told
