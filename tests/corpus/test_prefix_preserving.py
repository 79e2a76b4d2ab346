"""The mapping of addresses keeps the length of shared prefixes, is one to one, and keeps blocks with a meaning."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.corpus.prefix_preserving import PrefixPreservingMap

MAP = PrefixPreservingMap(b"a key of tests: 1")
IPV4 = st.integers(0, 2**32 - 1)


def mapped(number: int) -> int:
    return int(MAP.map(ipaddress.IPv4Address(number)))


@given(IPV4, IPV4, st.integers(0, 32))
def test_two_addresses_share_the_prefix_that_they_shared(one: int, other: int, shared: int) -> None:
    near = one ^ (other >> shared)
    assert (mapped(one) ^ mapped(near)).bit_length() == (one ^ near).bit_length()


@given(st.integers(0, 2**128 - 1), st.integers(0, 127))
def test_ipv6_addresses_share_the_prefix_that_they_shared(one: int, bit: int) -> None:
    pair = [ipaddress.IPv6Address(number) for number in (one, one ^ (1 << bit))]
    if not any(address.is_multicast or address.packed[:2] in (b"\0\0", b"\0\x64") for address in pair):
        assert (int(MAP.map(pair[0])) ^ int(MAP.map(pair[1]))).bit_length() == bit + 1


@pytest.mark.parametrize(
    "block",
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/64"],
)
def test_an_address_of_a_block_stays_in_it(block: str) -> None:
    network = ipaddress.ip_network(block)
    hosts = [network[place] for place in (1, 77, 1000, 65_000)]
    made = [MAP.map(host) for host in hosts]
    assert all(address in network for address in made)
    assert made != hosts


@pytest.mark.parametrize(
    "text", ["0.0.0.0", "127.0.0.1", "169.254.169.254", "224.0.0.1", "255.255.255.0", "::1", "ff02::1"]
)
def test_addresses_that_name_nobody_stay(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert MAP.map(address) == address


@given(IPV4)
def test_public_addresses_stay_public_and_private_ones_private(number: int) -> None:
    blocks = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")]
    address = ipaddress.IPv4Address(number)
    assert [address in block for block in blocks] == [MAP.map(address) in block for block in blocks]


@pytest.mark.parametrize("head", ["::ffff:", "64:ff9b::"])
def test_an_embedded_ipv4_address_has_its_own_pseudonym(head: str) -> None:
    inner = ipaddress.IPv4Address("8.8.8.8")
    assert MAP.map(ipaddress.ip_address(f"{head}{inner}")) == ipaddress.ip_address(f"{head}{MAP.map(inner)}")


def test_another_key_gives_another_mapping() -> None:
    other = PrefixPreservingMap(b"a key of tests: 2")
    addresses = [ipaddress.IPv4Address(number << 8) for number in range(0x08_00_00, 0x08_00_40)]
    assert [MAP.map(address) for address in addresses] != [other.map(address) for address in addresses]
