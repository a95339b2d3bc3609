from __future__ import annotations

import pytest

import kilter
from kilter import Fingerprinter

KEY = "a key of sixteen bytes or more"


def hash_of(value: object) -> str | None:
    made = Fingerprinter(KEY).fingerprint(value)
    return None if made is None else made.hash


def test_what_is_equal() -> None:
    assert hash_of('{"b": 1.50, "a": "x"}') == hash_of('{"a":"x","b":1.5}') == hash_of({"a": "x", "b": 1.5})
    assert hash_of("[1, 2]") == hash_of((1, 2)) == hash_of([1.0, 2])
    assert hash_of("7") == hash_of(7)


def test_the_empty_value_is_one() -> None:
    empty: list[object] = [None, {}, "", "None", "null", "{}", " { } ", '""', " null", b""]
    for value in empty:
        made = Fingerprinter(KEY).fingerprint(value)
        assert made is not None and made.hash == hash_of("") and made.characters == 0
    full: list[object] = [[], 0, False, "[]", "0", "none", '" "', '{"":null}', "[null]"]
    for value in full:
        assert hash_of(value) != hash_of("")


def test_what_is_unknown() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    for value in ("__REDACTED__", object(), Broken(), "\ud800", {"x": {1: 1, "1": 2}}):
        assert hash_of(value) is None


def test_text_is_not_its_json() -> None:
    assert hash_of("hello") != hash_of('"hello"')
    # What is no JSON is compared as it stands.
    assert hash_of("{'a': 1}") != hash_of("{'a':1}")
    assert hash_of('{"a":1,"a":2}') is not None


def test_the_hash_is_128_bits_of_hex_and_the_length_is_in_characters() -> None:
    made = Fingerprinter(KEY).fingerprint('{"a": "é😀"}')
    assert made is not None and len(made.hash) == 32 and int(made.hash, 16) > 0 and made.characters == 11
    tree = Fingerprinter(KEY).fingerprint({"a": "é😀"})
    assert tree is not None and tree.characters == 10


def test_the_key_decides() -> None:
    assert Fingerprinter(KEY).fingerprint("x") == Fingerprinter(KEY.encode()).fingerprint("x")
    assert Fingerprinter(KEY).fingerprint("x") != Fingerprinter(KEY + "!").fingerprint("x")
    with pytest.raises(ValueError):
        Fingerprinter("short")


def test_the_key_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kilter.fingerprints._of_process", None)
    monkeypatch.setenv("KILTER_FINGERPRINT_KEY", KEY)
    assert kilter.process_fingerprinter().fingerprint("x") == Fingerprinter(KEY).fingerprint("x")
    kilter.use_key("another key, long enough")
    assert kilter.process_fingerprinter().fingerprint("x") != Fingerprinter(KEY).fingerprint("x")
    monkeypatch.delenv("KILTER_FINGERPRINT_KEY")
    monkeypatch.setattr("kilter.fingerprints._of_process", None)
    assert kilter.process_fingerprinter() is kilter.process_fingerprinter()


def test_messages() -> None:
    made = Fingerprinter(KEY).message("any news?")
    assert len(made.hash) == 64 and made.characters == 9
    assert made != Fingerprinter(KEY).message("any news")
