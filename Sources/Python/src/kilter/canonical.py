"""JSON in the canonical form of RFC 8785, as the engine makes it before it compares arguments and results.

Two values that the engine calls equal have the same canonical text here, whatever their key order, white space, escapes
or spelling of numbers. One deviation from the RFC, the engine's own: an integer that no double holds exactly keeps its
digits, followed by an `n`, so that two 64-bit ids never become equal.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence, Set
from decimal import Decimal
from typing import NoReturn

#: Nesting beyond which text is compared as it stands, and an object is unknown.
DEPTH_MAX = 32

_Put = Callable[[str], None]

#: What an object prints that cannot be compared: an address, or a part left out (as of a long array).
_SHORTENED = re.compile(r"0x[0-9a-fA-F]{6}|\.\.\.|…")

_EXACT_MAX = 1 << 53
#: The longest integer that a double can reach has 309 digits.
_DIGITS_MAX = 310


class NotCanonical(ValueError):
    """The value has no canonical form."""


def canonical_text(text: str) -> str:
    """The canonical form of JSON text.

    Raises `NotCanonical` for what is no JSON, repeats a key in an object, is nested deeper than `DEPTH_MAX`, holds half
    a surrogate pair, or a number that no double reaches.
    """
    try:
        value = json.loads(
            text, parse_int=_integer, parse_float=_double, parse_constant=_no_constant, object_pairs_hook=_members)
    except (ValueError, RecursionError) as error:
        raise NotCanonical(str(error)) from error
    return canonical_value(value)


def canonical_value(value: object) -> str:
    """The canonical form of a Python value: of a mapping the object, of a sequence the array that it stands for.

    Sets are sorted, dataclasses are objects, enumerations their value, bytes base64; other objects are the text that they
    print. One that prints an address (a generator) or leaves something out (a long array) has no canonical form: two equal
    ones would differ, two different ones be equal. Nor has a mapping whose keys collide as text.
    """
    pieces: list[str] = []
    _write(value, 0, pieces.append)
    text = "".join(pieces)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical("half a surrogate pair") from error
    return text


# Reading


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS_MAX:
        raise NotCanonical("a number beyond double")
    return int(digits)


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise NotCanonical("a number beyond double")
    return value


def _no_constant(name: str) -> NoReturn:
    raise NotCanonical(f"{name} is no JSON")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotCanonical("a key twice in one object")
    return members


# Writing


def _write(value: object, depth: int, put: _Put) -> None:
    if value is None:
        put("null")
    elif isinstance(value, enum.Enum):
        _write(value.value, depth, put)
    elif isinstance(value, str):
        put(_string(value))
    elif isinstance(value, bool):
        put("true" if value else "false")
    elif isinstance(value, int):
        put(_whole(value))
    elif isinstance(value, float):
        put(_number(value))
    elif isinstance(value, (bytes, bytearray, memoryview)):
        put(f'"{base64.b64encode(value).decode()}"')
    else:
        _write_compound(value, depth, put)


def _write_compound(value: object, depth: int, put: _Put) -> None:
    if depth >= DEPTH_MAX:
        raise NotCanonical("nested too deep")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        value = dump(mode="json")
    if isinstance(value, Mapping):
        _write_object(value, depth + 1, put)
    elif isinstance(value, Set):
        items = sorted(_piece(item, depth + 1) for item in value)
        put(f"[{','.join(items)}]")
    elif isinstance(value, Sequence):
        _write_array(value, depth + 1, put)
    else:
        put(_string(_printed(value)))


def _write_object(value: Mapping[object, object], depth: int, put: _Put) -> None:
    members = {_key(key): item for key, item in value.items()}
    if len(members) != len(value):
        raise NotCanonical("a key twice in one object")
    put("{")
    # RFC 8785 sorts by UTF-16 code units; surrogates order below U+E000, which code points do not.
    for index, key in enumerate(sorted(members, key=lambda key: key.encode("utf-16-be", "surrogatepass"))):
        put(f"{',' if index else ''}{_string(key)}:")
        _write(members[key], depth, put)
    put("}")


def _write_array(value: Sequence[object], depth: int, put: _Put) -> None:
    put("[")
    for index, item in enumerate(value):
        if index:
            put(",")
        _write(item, depth, put)
    put("]")


def _piece(value: object, depth: int) -> str:
    pieces: list[str] = []
    _write(value, depth, pieces.append)
    return "".join(pieces)


def _key(key: object) -> str:
    """Keys that are no text become the text that Python's own `json` makes of them."""
    if isinstance(key, str):
        return key
    if isinstance(key, (bool, int, float)) or key is None:
        return _piece(key, 0)
    return _printed(key)


def _printed(value: object) -> str:
    text = str(value)
    if _SHORTENED.search(text):
        raise NotCanonical(f"{type(value).__name__} prints an address or a part of itself")
    return text


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _whole(value: int) -> str:
    if abs(value) <= _EXACT_MAX:
        return int.__repr__(value)
    try:
        nearest = float(value)
    except OverflowError as error:
        raise NotCanonical("a number beyond double") from error
    return _number(nearest) if _is_exact(value) else f"{int.__repr__(value)}n"


def _is_exact(value: int) -> bool:
    """Whether a double holds the integer, told as the engine tells it: what is left without its factors of ten and two
    has at most 53 bits, and its digits without the zeros behind fit 64 bits."""
    digits = str(abs(value))
    kept = digits.rstrip("0")
    odd = int(kept)
    if odd >= 1 << 64:
        return False
    odd >>= (odd & -odd).bit_length() - 1
    return bool(odd * 5 ** (len(digits) - len(kept)) <= _EXACT_MAX)


def _number(value: float) -> str:
    """A double as ECMAScript's Number::toString prints it (RFC 8785, section 3.2.2.3); what JSON has no number for as the
    strings of protobuf's JSON mapping."""
    if math.isnan(value):
        return '"NaN"'
    if math.isinf(value):
        return '"Infinity"' if value > 0 else '"-Infinity"'
    if value.is_integer() and abs(value) <= _EXACT_MAX:
        return str(int(value))
    sign, figures, exponent = Decimal(float.__repr__(value)).as_tuple()
    digits = "".join(map(str, figures)).rstrip("0")
    point = len(figures) + int(exponent)
    return ("-" if sign else "") + _lay_out(digits, point)


def _lay_out(digits: str, point: int) -> str:
    """The decimal 0.`digits` × 10^`point`."""
    if 0 < point <= 21:
        whole = digits[:point].ljust(point, "0")
        return f"{whole}.{digits[point:]}" if len(digits) > point else whole
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if point > 0 else '-'}{abs(point - 1)}"
