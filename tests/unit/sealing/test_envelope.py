"""Sealing to a public key: only the right key under the right context opens, and lengths tell a size class only."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from market.sealing.envelope import CannotOpen, pad, seal, unpad, unseal
from market.sealing.locks import WrongPassphrase, lock, unlock

KEY = X25519PrivateKey.from_private_bytes(b"\x07" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()


def test_sealed_bytes_open_bit_identical() -> None:
    assert unseal(seal("揭榜书".encode() * 9000, PUBLIC, b"bid|1"), KEY, b"bid|1") == "揭榜书".encode() * 9000


def test_other_context_does_not_open() -> None:
    with pytest.raises(CannotOpen):
        unseal(seal(b"x", PUBLIC, b"bid:1|version:1"), KEY, b"bid:1|version:2")


def test_other_key_does_not_open() -> None:
    with pytest.raises(CannotOpen):
        unseal(seal(b"x", PUBLIC, b"c"), X25519PrivateKey.generate(), b"c")


def test_one_changed_byte_does_not_open() -> None:
    sealed = bytearray(seal(b"x", PUBLIC, b"c"))
    sealed[len(sealed) // 2] ^= 1
    with pytest.raises(CannotOpen):
        unseal(bytes(sealed), KEY, b"c")


@given(st.binary(max_size=9000))
def test_padding_comes_off_again(data: bytes) -> None:
    assert unpad(pad(data)) == data
    assert len(pad(data)) % 4096 == 0


@pytest.mark.parametrize(("short", "long"), [(1, 4000), (70_000, 130_000)])
def test_bids_of_one_size_class_are_of_equal_length(short: int, long: int) -> None:
    assert len(seal(b"a" * short, PUBLIC, b"c")) == len(seal(b"b" * long, PUBLIC, b"c"))


def test_two_sealings_of_one_bid_differ() -> None:
    assert seal(b"same", PUBLIC, b"c") != seal(b"same", PUBLIC, b"c")


def test_locked_key_opens_with_its_passphrase_only() -> None:
    locked = lock(KEY, "一句只有我知道的话")
    assert unlock(locked, PUBLIC, "一句只有我知道的话").private_bytes_raw() == KEY.private_bytes_raw()
    with pytest.raises(WrongPassphrase):
        unlock(locked, PUBLIC, "一句只有我知道的花")
