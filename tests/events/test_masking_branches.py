"""The pattern of a text's features finds what the whole pattern finds."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.events import masking

PIECES = (
    *("pid=12", "TID 4", "port 4444", "spt=51512", "0xff", "S-1-5-21-1-2-3-500", "S-1-5-18", "aa:bb:cc:dd:ee:ff"),
    *(
        "aa-bb-cc-dd-ee-ff",
        "{6B29FC40-CA47-1067-B31D-00DD010662DA}",
        "%%1234",
        "\\\\srv\\c$",
        "/home/bob",
        "C:\\Users\\bob",
    ),
    *(
        "/USERS/x",
        "a@b.example",
        "::1",
        "2001:db8::1",
        "10.0.0.1:80",
        "[123]",
        "process id 44",
        "thread:9",
        "AtomicRedTeam",
    ),
    *("Mordor", "Jan  1 10:00:00", "2021-01-01T00:00:00Z", "deadbeefdeadbeef1", "QUJD" * 16, "12345", "é", "ſ", "K"),
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5), st.sampled_from(" -:,"), st.text(max_size=8))
def test_pattern_of_features_finds_what_the_whole_pattern_finds(pieces: list[str], mark: str, more: str) -> None:
    text = mark.join(pieces) + more
    whole = masking._pattern(masking._ALL).sub(masking._replace, text)
    assert masking._pattern(masking._features(text)).sub(masking._replace, text) == whole


@pytest.mark.parametrize(
    "block", ["10.1.2", "100.64.0", "169.254.1", "192.0.0", "192.0.2", "0.0.0", "224.0.0", "255.255.255"]
)
def test_mask_text_classifies_every_address_of_a_block(block: str) -> None:
    for last in range(256):
        address = ipaddress.ip_address(f"{block}.{last}")
        assert (masking.mask_text(str(address)) == "<ip4:private>") is (
            address.is_private
            and not (address.is_unspecified or address.is_link_local or address.is_loopback)
            and str(address) != "255.255.255.255"
        )


@pytest.mark.parametrize("text", ["01.2.3.4", "1.2.3.04", "1.2.3.256", "300.1.1.1"])
def test_mask_text_leaves_what_is_no_address(text: str) -> None:
    assert masking.mask_text(text) == text
