"""Endpoints of webhooks: which URLs are taken, and to which addresses a connection may go.

In come a URL that somebody outside has given and the hosts that the settings allow, out come an `Endpoint` and the
addresses of its host; `Invalid` or `Unavailable` for what leads into our own network. Asked when a subscription is made
and again at every connection, for names may lead elsewhere tomorrow.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from gateway.errors import Invalid, Unavailable
from gateway.language import say

LONGEST_URL = 2000
NOT_RESOLVED = "NOT_RESOLVED"
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")  # ASCII without blanks and backslashes
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:%]+)(:[0-9]*)?")
_HOST = re.compile(r"[a-z0-9_.-]{1,253}")
# 127.1, 0x7f000001, 017700000001 and 2130706433 are all 127.0.0.1 for the system's resolver.
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
PORTS = {"https": 443, "http": 80}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# For protocols and documentation (IANA's registries of special addresses); not every Python counts them as private.
_SPECIAL = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "3fff::/20", "5f00::/16")
)

_BY_HTTP = say(
    "Write https://; or, for a host in your own network, let the gateway's administrator name it in "
    "[webhooks] allow_hosts of gateway.toml."
)

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """`allow_hosts`: may lead anywhere, by http, too. `timeout` bounds one delivery as a whole, connecting included.

    After `give_up` without one success a subscription is disabled. `parallel` are served at once. `roots` (PEM) are
    trusted besides the public ones.
    """

    allow_hosts: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=10)
    give_up: timedelta = timedelta(hours=72)
    parallel: int = 16
    roots: Path | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to post. `exempt`: the settings allow the host, so its addresses are not judged."""

    scheme: str
    host: str
    port: int
    target: str
    exempt: bool


def read_endpoint(url: str, allow_hosts: Sequence[str]) -> Endpoint:
    """The endpoint that a URL names; `Invalid` for one that is not taken."""
    parts, port = _split(url)
    host = (parts.hostname or "").rstrip(".")
    exempt = host in {name.lower().rstrip(".").strip("[]") for name in allow_hosts}
    if parts.scheme not in PORTS:
        raise _refused(say("a webhook goes to an address that begins with https://"))
    if parts.scheme == "http" and not exempt:
        raise Invalid(say("a webhook is sent by https only"), code="ENDPOINT", mend=_BY_HTTP)
    if port == 0:
        raise _refused(say("there is no port 0 to connect to"))
    if parts.username is not None or parts.password is not None:
        raise _refused(say("name and password do not belong in the address: the signature says who it is from"))
    if not _AUTHORITY.fullmatch(parts.netloc):
        raise _refused(say("the address cannot be read"))
    if not _is_address(host) and (not _HOST.fullmatch(host) or _NUMBER.fullmatch(host.rpartition(".")[2])):
        raise _refused(say("the address names no host that can be used"))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host, port or PORTS[parts.scheme], target, exempt)


def find_addresses(endpoint: Endpoint, resolve: Resolve) -> Sequence[str]:
    """The addresses to connect to; `Unavailable` where there is none, or where one of them is not public."""
    try:
        addresses = resolve(endpoint.host, endpoint.port)
    except (OSError, UnicodeError) as fault:
        raise Unavailable(
            say("the host name {host} cannot be resolved", host=endpoint.host),
            mend=say("Check how it is spelt, and that its name server answers."),
            code=NOT_RESOLVED,
        ) from fault
    if not addresses or not (endpoint.exempt or all(is_public(address) for address in addresses)):
        raise Unavailable(
            say("{host} leads to an address that is not public", host=endpoint.host),
            mend=say(
                "Loopback, link-local, private, multicast and reserved addresses are refused. The gateway's "
                "administrator can allow the host: [webhooks] allow_hosts."
            ),
            code="NOT_PUBLIC",
        )
    return addresses


def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says, in its order, each address once."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address is reached over the internet; one that wraps an IPv4 address is judged by that."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    inner = _inside(ip) if isinstance(ip, IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    if any(ip in network for network in _SPECIAL) or (isinstance(ip, IPv6Address) and ip.is_site_local):
        return False
    unusual = ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local or ip.is_unspecified
    return ip.is_global and not ip.is_private and not unusual


def _inside(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that this one stands for."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _split(url: str) -> tuple[SplitResult, int | None]:
    if len(url) <= LONGEST_URL and (plain := _plain_host(url)):
        mend = say("Write the host as {host}.", host=plain)
        raise Invalid(say("the host of an address is written in plain letters"), code="ENDPOINT", mend=mend)
    if len(url) > LONGEST_URL or not _PLAIN.fullmatch(url):
        raise _refused(say("the address is too long, or holds letters that do not belong in one"))
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError as fault:
        raise _refused(say("the address cannot be read")) from fault


def _plain_host(url: str) -> str:
    """The host as ASCII (xn--…) where it has letters beyond that; empty where it has none, or cannot be written so."""
    try:
        host = urlsplit(url).hostname or ""
        return "" if host.isascii() else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _refused(sentence: str) -> Invalid:
    mend = say("Give the address of your own endpoint, such as https://fagsystem.example/hook.")
    return Invalid(sentence, code="ENDPOINT", mend=mend)
