"""The same request until it is answered, as a fagsystem should: no connection, a lost answer and a 503 are tried again.

In come a request and the answers that can be gone on with, out come one of them and how often it was tried again.
"""

import time

import requests

_PAUSE = 0.15
_PATIENCE = 180


class GaveUp(AssertionError):
    """The gateway did not answer in any way that a fagsystem could go on with."""


def until(method: str, url: str, *, wanted: tuple[int, ...], **more: object) -> tuple[requests.Response, int]:
    """A connection of its own each time: what a kill does to a kept one is another test's subject."""
    give_up, retried = time.monotonic() + _PATIENCE, 0
    last: object = None
    while time.monotonic() < give_up:
        try:
            answer = requests.request(method, url, timeout=20, **more)  # type: ignore[arg-type]
        except requests.RequestException as error:
            last = error
        else:
            if answer.status_code in wanted:
                return answer, retried
            last = f"{answer.status_code} {answer.text[:500]}"
            if answer.status_code != 503:
                raise GaveUp(f"{method} {url}: {last}")
        retried += 1
        time.sleep(_PAUSE)
    raise GaveUp(f"{method} {url}: {last}")
