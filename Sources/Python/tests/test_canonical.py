"""The canonical form against RFC 8785 and against the engine's own tests."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import random
import struct
import uuid
from collections.abc import Iterator

import pytest

from kilter.canonical import DEPTH_MAX, NotCanonical, canonical_text, canonical_value

NUMBERS_OF_THE_RFC = [
    (0x0000000000000000, "0"), (0x8000000000000000, "0"), (0x0000000000000001, "5e-324"),
    (0x8000000000000001, "-5e-324"), (0x7FEFFFFFFFFFFFFF, "1.7976931348623157e+308"),
    (0xFFEFFFFFFFFFFFFF, "-1.7976931348623157e+308"), (0x4340000000000000, "9007199254740992"),
    (0xC340000000000000, "-9007199254740992"), (0x4430000000000000, "295147905179352830000"),
    (0x44B52D02C7E14AF5, "9.999999999999997e+22"), (0x44B52D02C7E14AF6, "1e+23"),
    (0x44B52D02C7E14AF7, "1.0000000000000001e+23"), (0x444B1AE4D6E2EF4E, "999999999999999700000"),
    (0x444B1AE4D6E2EF4F, "999999999999999900000"), (0x444B1AE4D6E2EF50, "1e+21"),
    (0x3EB0C6F7A0B5ED8C, "9.999999999999997e-7"), (0x3EB0C6F7A0B5ED8D, "0.000001"),
    (0x41B3DE4355555553, "333333333.3333332"), (0x41B3DE4355555554, "333333333.33333325"),
    (0x41B3DE4355555555, "333333333.3333333"), (0x41B3DE4355555556, "333333333.3333334"),
    (0x41B3DE4355555557, "333333333.33333343"), (0xBECBF647612F3696, "-0.0000033333333333333333"),
    (0x43143FF3C1CB0959, "1424953923781206.2"),
]

#: Text and its canonical form, as `Tests/KilterIntakeTests/CanonicalTests.swift` has them.
FORMS = [
    ("1.50", "1.5"), ("1.0", "1"), ("-0", "0"), ("-0.0", "0"), ("-0.000", "0"), ("100", "100"), ("1e2", "100"),
    ("1E+2", "100"), ("0.1e1", "1"), ("10.0e-1", "1"), ("0.0000010", "0.000001"), ("0.0000001", "1e-7"),
    ("123456789012.345", "123456789012.345"), ("0.30000000000000004", "0.30000000000000004"), ("-12.340", "-12.34"),
    ("9007199254740993", "9007199254740993n"), ("9007199254740994", "9007199254740994"),
    ("18446744073709551615", "18446744073709551615n"), ("100000000000000000000", "100000000000000000000"),
    ("100000000000000000001", "100000000000000000001n"), ("1000000000000000000000", "1e+21"),
    ("1267650600228229401496703205376", "1267650600228229401496703205376n"), ("[ ]", "[]"), ("{ }", "{}"),
    (" [ 1 , 2 ] ", "[1,2]"), (r'"\/"', '"/"'), ('"\x7f"', '"\x7f"'), ('{"ab":1,"a":2,"":3}', '{"":3,"a":2,"ab":1}'),
    ('{"a":{"c":1,"b":{"e":[{"z":0,"y":0}],"d":1}},"A":1}', '{"A":1,"a":{"b":{"d":1,"e":[{"y":0,"z":0}]},"c":1}}'),
    (r'{"a\\b":1,"a\"b":2}', r'{"a\"b":2,"a\\b":1}'),
    (
        r'{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}',
        '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ),
    (
        r'{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],'
        r'"string":"\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}'.replace(r"\'", "'"),
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r'"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}',
    ),
]

RAW = [
    "", "hello", "{", '{"a":1,"a":2}', '{"b":1,"a":2,"b":3}', r'{"a":1,"\u0061":2}', "1e400", "-1e999", "01", "1 2", "nan",
    "NaN", "Infinity", "-Infinity", "None", "{'a': 1}", r'"\ud800"', "[1,]", '{"a":1}}', "12:30", "truex", "9" * 400,
    "9" * 5_000, "\ufeff1", "\xa01", '"a\tb"', "[" * 100_000,
]


@pytest.mark.parametrize(("bits", "printed"), NUMBERS_OF_THE_RFC)
def test_numbers_of_the_rfc(bits: int, printed: str) -> None:
    (value,) = struct.unpack(">d", bits.to_bytes(8, "big"))
    assert canonical_value(value) == printed
    assert canonical_text(repr(value)) == printed


@pytest.mark.parametrize(("text", "form"), FORMS)
def test_forms(text: str, form: str) -> None:
    assert canonical_text(text) == form


@pytest.mark.parametrize("text", RAW, ids=lambda text: text[:16])
def test_text_without_a_form(text: str) -> None:
    with pytest.raises(NotCanonical):
        canonical_text(text)


def test_depth() -> None:
    def nested(depth: int) -> str:
        return "[" * depth + "]" * depth

    assert canonical_text(nested(DEPTH_MAX)) == nested(DEPTH_MAX)
    with pytest.raises(NotCanonical):
        canonical_text(nested(DEPTH_MAX + 1))


def test_identifiers_of_64_bits_stay_apart() -> None:
    around = range(2**63 - 1_500, 2**63 + 1_500)
    assert len({canonical_text(f'{{"id":{value}}}') for value in around}) == 3_000
    assert canonical_text("9223372036854775808") == canonical_text("9.223372036854775808e18")


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Query:
    text: str
    limit: int = 10


class Model:
    def model_dump(self, mode: str) -> dict[str, object]:
        return {"mode": mode}


def test_python_values() -> None:
    assert canonical_value({"b": (1, 2.0), "a": None}) == '{"a":null,"b":[1,2]}'
    assert canonical_value({1: "x", None: True, 2.5: b"\x00\xff"}) == '{"1":"x","2.5":"AP8=","null":true}'
    assert canonical_value(Query("x")) == '{"limit":10,"text":"x"}'
    assert canonical_value([Colour.RED, Model()]) == '["red",{"mode":"json"}]'
    assert canonical_value({3, 1, 2}) == "[1,2,3]"
    assert canonical_value(float("nan")) == '"NaN"' and canonical_value(float("-inf")) == '"-Infinity"'
    assert canonical_value(datetime.date(2026, 1, 2)) == '"2026-01-02"'
    assert canonical_value(uuid.UUID(int=1)) == '"00000000-0000-0000-0000-000000000001"'


def test_values_without_a_form() -> None:
    circle: list[object] = []
    circle.append(circle)
    for value in (object(), {"1": 1, 1: 2}, "\ud800", circle, 10**400):
        with pytest.raises(NotCanonical):
            canonical_value(value)


class Summary:
    """Prints as a long array does."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def test_what_prints_an_address_or_a_part_of_itself_has_no_form() -> None:
    def generator() -> Iterator[int]:
        yield 1

    given: list[object] = [
        generator(), iter([1]), generator, Summary("[0 1 ... 998 999]"), Summary("…"), {generator: 1}, [generator()],
        {"x": object()}]
    for value in given:
        with pytest.raises(NotCanonical):
            canonical_value(value)
    assert canonical_value(Summary("1 2 3")) == '"1 2 3"' and canonical_value("0x7f00aabbcc ...") == '"0x7f00aabbcc ..."'


def test_respelling_keeps_the_form() -> None:
    """Key order, white space, escapes and spelling of numbers never matter."""
    chance = random.Random(99)
    for _ in range(400):
        value = random_value(chance, 0)
        first, second = spelled(value, chance), spelled(value, chance)
        form = canonical_text(first)
        assert form == canonical_text(second) == canonical_value(value)
        assert canonical_text(form) == form
        assert canonical_value({"changed": value}) != form


def random_value(chance: random.Random, depth: int) -> object:
    kind = chance.randrange(5 if depth > 3 else 8)
    if kind == 0:
        return chance.choice([None, True, False])
    if kind in (1, 2):
        return chance.choice([chance.randrange(-50, 50), chance.uniform(-1e9, 1e9), chance.uniform(0, 1e-8), 2.0**70])
    if kind in (3, 4):
        return "".join(chance.choice('aZ0 "\\/\n\t\x01\x7fé€😀\ufb33') for _ in range(chance.randrange(6)))
    if kind == 5:
        return [random_value(chance, depth + 1) for _ in range(chance.randrange(4))]
    return {f"{chance.choice('abé€😀')}{n}": random_value(chance, depth + 1) for n in range(chance.randrange(4))}


def spelled(value: object, chance: random.Random) -> str:
    """JSON text of the value, written in one of many ways."""
    space = chance.choice(["", " ", "\n\t"])
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)):
        if isinstance(value, int):
            return chance.choice([f"{value}", f"{value}.0", f"{value}e0", f"{value * 10}E-1"])
        return chance.choice([repr(value), f"{value:.17e}"])
    if isinstance(value, str):
        return '"' + "".join(escaped(character, chance) for character in value) + '"'
    if isinstance(value, list):
        return "[" + space + ",".join(spelled(item, chance) + space for item in value) + "]"
    assert isinstance(value, dict)
    members = list(value.items())
    chance.shuffle(members)
    return "{" + ",".join(f"{space}{spelled(k, chance)}{space}:{spelled(v, chance)}" for k, v in members) + space + "}"


def escaped(character: str, chance: random.Random) -> str:
    if character in '"\\' or character < " " or chance.random() < 0.3:
        units = character.encode("utf-16-be")
        return "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2))
    return character
