"""Logging in: tokens from Maskinporten and Altinn, and calls that carry them.

In comes a scope, out comes a token or an answer that was had with one; failures are `Outside` errors. Called by
`registry` and `transports`, put together by `app`.
"""

from gateway.maskinporten.assertion import Grant, SystemUser
from gateway.maskinporten.shelf import Kept, Shelf
from gateway.maskinporten.tokens import (
    LOGIN_UNAVAILABLE,
    AltinnTokens,
    Maskinporten,
    MaskinportenSettings,
    Tokens,
    bearer,
    call_with_token,
)

__all__ = [
    "LOGIN_UNAVAILABLE",
    "AltinnTokens",
    "Grant",
    "Kept",
    "Maskinporten",
    "MaskinportenSettings",
    "Shelf",
    "SystemUser",
    "Tokens",
    "bearer",
    "call_with_token",
]
