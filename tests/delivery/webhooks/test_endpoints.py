"""Which addresses webhooks go to: public ones by https, whatever the spelling, and those that the settings name."""

import socket
from collections.abc import Sequence

import pytest

from gateway.delivery.webhooks.endpoints import find_addresses, is_public, read_endpoint, resolve_by_system
from gateway.errors import Invalid, Unavailable

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:0a00:0001::1",
    "2001::1",
    "2001:db8::1",
    "100::1",
    "no address",
    "",
]
PUBLIC = [
    "1.1.1.1",
    "93.184.215.14",
    "172.15.0.1",
    "172.32.0.1",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str) -> None:
    """Loopback, link-local, private, shared, multicast, reserved, documentation; wrapped in IPv6 in any way, too."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_taken(address: str) -> None:
    """Addresses of the internet, just beside the private ranges, too."""
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "10.1.2.3",
        "169.254.169.254",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "localhost",
        "localhost.",
        "LOCALHOST",
    ],
)
def test_our_own_network_is_not_reached(host: str) -> None:
    """The system's own resolver, real spellings: refused where they lead."""
    endpoint = read_endpoint(f"https://{host}/hook", ())
    with pytest.raises(Unavailable) as caught:
        find_addresses(endpoint, resolve_by_system)
    assert caught.value.code in ("NOT_PUBLIC", "NOT_RESOLVED")
    if host != "LOCALHOST":
        assert caught.value.code == "NOT_PUBLIC"


@pytest.mark.parametrize(
    "host",
    ["2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.0.0.1", "0177.0.0.1", "127.0.0.1.", "10.0.0.256", "0x"],
)
def test_odd_spellings_of_addresses_lead_nowhere(host: str) -> None:
    """Decimal, hexadecimal, octal and shortened IPv4 is refused as it stands, or by where it leads."""
    with pytest.raises((Invalid, Unavailable)):
        find_addresses(read_endpoint(f"https://{host}/", ()), resolve_by_system)


@pytest.mark.parametrize(
    "url",
    [
        "http://fagsystem.example/hook",
        "ftp://fagsystem.example/",
        "file:///etc/passwd",
        "gopher://fagsystem.example/",
        "//fagsystem.example/",
        "fagsystem.example/hook",
        "https:///hook",
        "https://",
        "https://user:pass@fagsystem.example/",
        "https://fagsystem.example@127.0.0.1/",
        "https://@127.0.0.1/",
        "https://127.0.0.1\\@fagsystem.example/",
        "https://fagsystem.example:99999/",
        "https://fagsystem.example:x/",
        "https://fagsystem.example/a b",
        "https://fagsystem.example/\r\nX: y",
        "https://fagsystem.example:0/",
        "https://[::1/",
        "https://[fe80::1%25lo]x/",
        "https://fag%73ystem.example/",
        "https://fagsystem.example/" + "x" * 2000,
    ],
)
def test_what_is_no_address_of_an_endpoint_is_refused(url: str) -> None:
    """Other schemes, logins, blanks, control characters, ports and hosts that there are not; each with a way out."""
    with pytest.raises(Invalid) as caught:
        read_endpoint(url, ())
    assert caught.value.code == "ENDPOINT"
    assert "https://" in caught.value.mend


@pytest.mark.parametrize(
    ("url", "mend"),
    [("http://fagsystem.example/", "[webhooks] allow_hosts"), ("https://blåbær.example/", "xn--blbr-roah.example")],
)
def test_the_mend_names_the_way_out(url: str, mend: str) -> None:
    """Plain http has a setting, and a host with other letters is shown as it can be written."""
    with pytest.raises(Invalid) as caught:
        read_endpoint(url, ())
    assert (caught.value.code, mend in caught.value.mend) == ("ENDPOINT", True), caught.value.mend


def test_an_endpoint_is_read() -> None:
    """Host, port and target are those of the address; a fragment is nobody's business but the reader's."""
    endpoint = read_endpoint("https://Fagsystem.example:8443/hook/a?b=c&d#e", ())
    assert (endpoint.host, endpoint.port, endpoint.target) == ("fagsystem.example", 8443, "/hook/a?b=c&d")
    assert read_endpoint("https://fagsystem.example", ()).target == "/"
    assert not endpoint.exempt


def test_the_settings_allow_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is named there may be private and plain http; one that only looks like it may not."""
    allowed = ("Hooks.Internal", "[::1]")
    endpoint = read_endpoint("http://hooks.internal/x", allowed)
    assert endpoint.exempt
    assert find_addresses(endpoint, lambda host, port: ["10.0.0.7"]) == ["10.0.0.7"]
    assert read_endpoint("http://[::1]:8080/", allowed).exempt
    for url in ("https://evil.hooks.internal/", "https://hooks.internal.example/", "https://hooks.internal.evil/"):
        assert not read_endpoint(url, allowed).exempt


@pytest.mark.parametrize(
    ("addresses", "taken"),
    [
        (["1.1.1.1"], True),
        (["10.0.0.1"], False),
        (["1.1.1.1", "127.0.0.1"], False),
        (["1.1.1.1", "::1"], False),
        ([], False),
    ],
)
def test_every_address_of_a_name_is_judged(addresses: Sequence[str], taken: bool) -> None:
    """A public name with one private address is refused: which of them is used is not ours to choose."""
    endpoint = read_endpoint("https://fagsystem.example/", ())
    if taken:
        assert find_addresses(endpoint, lambda host, port: addresses) == addresses
    else:
        with pytest.raises(Unavailable, match="not public") as caught:
            find_addresses(endpoint, lambda host, port: addresses)
        assert all(address not in caught.value.message for address in addresses)


def test_a_name_that_nobody_knows_is_told() -> None:
    """The resolver's failure is a failure of the endpoint, not of the gateway."""

    def fail(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror("unknown")

    with pytest.raises(Unavailable, match=r"fagsystem\.example cannot be resolved"):
        find_addresses(read_endpoint("https://fagsystem.example/", ()), fail)
