"""The tables of processes, document types and channels."""

import pytest

from gateway.message.processes import (
    ADMINISTRASJON,
    ARKIVMELDING,
    ARKIVMELDING_KVITTERING,
    ARKIVMELDING_PROCESSES,
    ARKIVMELDING_RESPONSE,
    SHOWS_TITLE,
    SIZE_LIMITS,
    STATUS,
    TAUSHETSBELAGT,
    Channel,
    message_type,
)


@pytest.mark.parametrize(
    ("document_type", "name"),
    [
        (ARKIVMELDING, "arkivmelding"),
        (ARKIVMELDING_KVITTERING, "arkivmelding_kvittering"),
        (STATUS, "status"),
        ("status", "status"),
    ],
)
def test_a_business_message_is_named_after_its_document_type(document_type: str, name: str) -> None:
    """The member of the envelope is the last part of the document type."""
    assert message_type(document_type) == name


def test_the_processes_are_those_of_the_arkivmelding() -> None:
    """Eleven areas, each once, the confidential one among them and the answer's not."""
    assert len(set(ARKIVMELDING_PROCESSES)) == len(ARKIVMELDING_PROCESSES) == 11
    assert {ADMINISTRASJON, TAUSHETSBELAGT} <= set(ARKIVMELDING_PROCESSES)
    assert ARKIVMELDING_RESPONSE not in ARKIVMELDING_PROCESSES
    assert all(process.startswith("urn:no:difi:profile:arkivmelding:") for process in ARKIVMELDING_PROCESSES)


def test_every_channel_has_a_limit_but_the_unknown_one() -> None:
    """What one message may hold is known for each channel; a gibibyte on DPO."""
    assert set(SIZE_LIMITS) == set(Channel) - {Channel.UNKNOWN}
    assert SIZE_LIMITS[Channel.DPO] == 1024**3


def test_the_channels_that_show_a_title() -> None:
    """DPO is sealed for the recipient; post boxes and SvarUt show the title to others."""
    assert {Channel.DPV, Channel.DPF, Channel.DPI} == SHOWS_TITLE
