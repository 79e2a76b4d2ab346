"""Keyed mapping of IP addresses in which addresses of one network stay in one network.

Two addresses that share their first n bits, and no more, have pseudonyms that share their first n bits, and no more:
each bit is turned or not by a keyed function of the bits before it. Blocks with a meaning of their own (private,
link-local, loopback, multicast, ...) map to themselves: on the way to them no bit is turned.

Source: Xu, Fan, Ammar and Moon 2002, "Prefix-preserving IP address anonymization" (Crypto-PAn). Ours reads the
decisions for the eight bits of an octet from one keyed BLAKE2b instead of eight AES blocks, and fixes blocks.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["PrefixPreservingMap"]

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_MAPPED_INSIDE = (
    "10.0.0.0/8 100.64.0.0/10 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16 "
    "fc00::/7 fe80::/10 fe80::/64 2000::/3 2001:db8::/32 ff02::1:ff00:0/104"
).split()  # fmt: skip
_KEPT = "0.0.0.0/8 127.0.0.0/8 169.254.169.254/32 224.0.0.0/4 240.0.0.0/4 ::/127 ff00::/8".split()
"""Their addresses stay as they are: they name nobody. 169.254.169.254 is the clouds' metadata service."""
_OF_IPV4 = "::ffff:0:0/96 64:ff9b::/96".split()
"""IPv6 blocks whose last 32 bits are an IPv4 address, and have its pseudonym."""
_SOLICITED = ipaddress.IPv6Network("ff02::1:ff00:0/104")
"""Multicast whose last 24 bits are those of a host."""
_CACHED = 65_536


class PrefixPreservingMap:
    """Addresses to pseudonymous addresses, one to one within IPv4 and within IPv6.

    Who has the key can try all addresses; who has it not sees which addresses share how long a prefix, and, next to
    the blocks with a meaning, their first bits.
    """

    def __init__(self, key: bytes) -> None:
        """``key``: 16 to 64 secret bytes."""
        self._key = key
        self.map = lru_cache(maxsize=_CACHED)(self._map)
        """Address to address of the same version; remembers the last 65,536."""

    def _map(self, address: _Address) -> _Address:
        if isinstance(address, ipaddress.IPv6Address) and any(address in block for block in _OF_IPV4_BLOCKS):
            embedded = self.map(ipaddress.IPv4Address(address.packed[12:]))
            return ipaddress.IPv6Address(address.packed[:12] + embedded.packed)
        if address not in _SOLICITED and any(address in block for block in _KEPT_BLOCKS):
            return address
        out = bytearray()
        for place, octet in enumerate(address.packed):
            before = address.packed[:place]
            salt = bytes((address.version,))
            turns = hashlib.blake2b(before, digest_size=32, key=self._key, person=b"ip octet", salt=salt).digest()
            out.append(octet ^ _turned(octet, turns, _FIXED[address.version], before))
        return type(address)(bytes(out))


def _turned(octet: int, turns: bytes, fixed: frozenset[tuple[int, int]], before: bytes) -> int:
    """The bits of an octet to turn: one decision for each of the 255 nodes of its tree, none on the way to a block."""
    node, mask = 1, 0
    path = int.from_bytes(before)
    for depth in range(8):
        is_fixed = (len(before) * 8 + depth, (path << depth) | (node - (1 << depth))) in fixed
        if not is_fixed and turns[node >> 3] >> (node & 7) & 1:
            mask |= 0x80 >> depth
        node = node << 1 | (octet >> (7 - depth) & 1)
    return mask


def _paths(blocks: Iterable[_Network]) -> frozenset[tuple[int, int]]:
    """(length, bits) of every proper prefix of the blocks."""
    return frozenset(
        (length, int(block.network_address) >> (block.max_prefixlen - length))
        for block in blocks
        for length in range(block.prefixlen)
    )


_KEPT_BLOCKS = [ipaddress.ip_network(text) for text in _KEPT]
_OF_IPV4_BLOCKS = [ipaddress.IPv6Network(text) for text in _OF_IPV4]
_BLOCKS = [*_KEPT_BLOCKS, *_OF_IPV4_BLOCKS, *map(ipaddress.ip_network, _MAPPED_INSIDE)]
_FIXED = {version: _paths(block for block in _BLOCKS if block.version == version) for version in (4, 6)}
