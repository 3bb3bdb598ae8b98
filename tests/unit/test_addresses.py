import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.addresses import check_base_url, is_loopback, is_private, literal
from rushes.errors import SetupError


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("64:ff9b::a00:1", "10.0.0.1"),
        ("2002:a00:1::", "10.0.0.1"),
        ("2001:0:0:0:0:0:f5ff:fffe", "10.0.0.1"),
    ],
)
def test_an_address_is_read_as_a_connection_would_read_it(host: str, address: str) -> None:
    """Every spelling, and the IPv4 address inside an IPv6 one, is seen through."""
    assert literal(host) == ipaddress.ip_address(address)


@pytest.mark.parametrize("host", ["example.test", "1.2.3.4.5", "256.1.1.1", "1.2.3.4x", "", "0x.a"])
def test_a_name_is_no_address(host: str) -> None:
    """What a resolver would look up is left to the resolver."""
    assert literal(host) is None


@given(st.ip_addresses())
def test_every_address_is_judged_alike_with_and_without_brackets(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Judging never fails, and loopback is always private."""
    assert is_private(str(address)) == is_private(f"[{address}]")
    assert not is_loopback(str(address)) or is_private(str(address))


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_form(address: ipaddress.IPv4Address) -> None:
    """No other way of writing an address gets another judgement."""
    judged = is_private(str(address))
    assert is_private(str(int(address))) == judged
    assert is_private(hex(int(address))) == judged
    assert is_private(f"::ffff:{address}") == judged


@pytest.mark.parametrize(
    "host",
    [
        *("0.0.0.0", "10.0.0.1", "100.64.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1"),
        *("192.0.2.1", "192.168.1.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fc00::1", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "::7f00:1"),
        *("localhost", "LOCALHOST.", "a.localhost"),
    ],
)
def test_what_is_not_on_the_public_internet_is_private(host: str) -> None:
    """Each of the special ranges, and the names of this machine."""
    assert is_private(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "example.test", "localhost.test"])
def test_what_is_public_or_a_name_is_not_private(host: str) -> None:
    """A name says nothing of where it leads; that is judged when connecting."""
    assert not is_private(host)


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("https://api.example.test", "https://api.example.test"),
        ("https://api.example.test/v1/", "https://api.example.test/v1"),
        ("HTTPS://Api.Example.test:8443/", "HTTPS://Api.Example.test:8443"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://localhost:8000/mediaio", "http://localhost:8000/mediaio"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://10.0.0.1/x", "https://10.0.0.1/x"),
    ],
)
def test_a_base_url_is_https_or_on_this_machine(url: str, checked: str) -> None:
    """It comes back without its last slash."""
    assert check_base_url(url) == checked


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://api.example.test", "must be https"),
        ("http://10.0.0.1", "must be https"),
        ("http://localhost.example.test", "must be https"),
        ("http://127.0.0.1.example.test", "must be https"),
        ("ftp://api.example.test", "must begin with https://"),
        ("api.example.test", "is no URL"),
        ("", "cannot stand in a URL"),
        ("https://", "names no host"),
        ("https://me:secret@api.example.test", "user name or password"),
        ("https://api.example.test/?a=b", "without a query"),
        ("https://api.example.test/#a", "without a query"),
        ("https://api.example.test/a b", "cannot stand in a URL"),
        ("https://api.example.test\\@evil.test", "cannot stand in a URL"),
        ("https://api.example.test:0", "port 0"),
        ("https://api.example.test:99999", "is not a URL"),
        ("http://127.1:8000", "127.0.0.1 is meant"),
        ("https://[::1", "is not a URL"),
    ],
)
def test_another_base_url_is_refused_with_the_next_step(url: str, fault: str) -> None:
    """The error names the setting and what to write, and repeats no password."""
    with pytest.raises(SetupError) as caught:
        check_base_url(url, setting="RUSHES_X_BASE_URL")
    assert fault in caught.value.message
    assert "Set RUSHES_X_BASE_URL to something like https://" in caught.value.next_step
    assert "secret" not in str(caught.value)


@given(st.text())
def test_any_text_is_a_base_url_or_a_set_up_error(text: str) -> None:
    """Nothing else is ever raised."""
    try:
        checked = check_base_url(text)
    except SetupError:
        return
    assert checked.lower().startswith(("https://", "http://"))
