"""Whom a login may send for, and what a refusal tells."""

import pytest

from gateway.delivery.submission import LOCAL, Caller
from gateway.errors import NotAllowed
from tests.documents import DPO, SENDER


def test_a_refusal_names_the_command_that_mends_it() -> None:
    """Which login and which organisation, ready to be pasted; what may be sent for is not refused."""
    caller = Caller("3f0b", "fagsystem", (SENDER,))
    caller.may_send_for(SENDER)
    with pytest.raises(NotAllowed, match=f"may not send for {DPO}") as caught:
        caller.may_send_for(DPO)
    assert f"gateway client change fagsystem --add-organisation {DPO}" in caught.value.mend


def test_without_logins_the_settings_mend_it() -> None:
    """There is no login that could be changed."""
    with pytest.raises(NotAllowed) as caught:
        Caller(LOCAL, LOCAL, (SENDER,)).may_send_for(DPO)
    assert f"Name {DPO} under organisations" in caught.value.mend
