"""Fingerprints of arguments, results and messages, made where the content is, so that only they have to leave."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import secrets
import threading
from dataclasses import dataclass

from .canonical import NotCanonical, canonical_text, canonical_value

#: Environment variable that holds the key, at least 16 bytes of any text.
KEY_VARIABLE = "KILTER_FINGERPRINT_KEY"

#: What instrumentations write where they hide content.
REDACTED = "__REDACTED__"

_KEY_BYTES_MIN = 16
_EMPTY = ("{}", "null", '""')
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What may leave the process in place of a value."""

    #: 32 hex digits: 128 bits of keyed BLAKE2b.
    hash: str
    #: Length of the value in characters: of a text as it stands, of anything else in canonical form; 0 when empty.
    characters: int


class Fingerprinter:
    """Makes fingerprints under one key. Thread-safe.

    The key decides what can be compared: hashes of two processes are comparable if both have the same key. Without a
    key the hash of a guess can be compared with a published one, so keep the key from whoever reads the telemetry.

    Equal is what the engine calls equal. JSON text and Python objects are compared in canonical form (RFC 8785), other
    text as it stands. `None`, `null`, `{}` and the empty string are one value, the empty one. Hidden content
    (`__REDACTED__`) is unknown and has no fingerprint, and neither has an object without a canonical form.
    """

    def __init__(self, key: bytes | str) -> None:
        secret = key.encode() if isinstance(key, str) else bytes(key)
        if len(secret) < _KEY_BYTES_MIN:
            raise ValueError(f"a fingerprint key has at least {_KEY_BYTES_MIN} bytes, this one has {len(secret)}")
        self._key = hashlib.blake2b(secret, digest_size=32, person=b"kilter.key").digest()

    def fingerprint(self, value: object) -> Fingerprint | None:
        """The fingerprint of arguments or a result; None when the value is unknown. Never raises."""
        try:
            return self._text(value) if isinstance(value, str) else self._tree(value)
        except NotCanonical:
            return None
        except Exception:  # an object whose own methods fail: what it is stays unknown
            _log.debug("no fingerprint of a %s", type(value).__name__)
            return None

    def message(self, text: str) -> Fingerprint:
        """The fingerprint of a message between agents: HMAC-SHA-256 of its text, 64 hex digits."""
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return Fingerprint(digest.hexdigest(), len(text))

    def error(self, text: str) -> str:
        """Stands for the text of an error, so that equal errors stay equal. Never raises: paths that are no UTF-8 come into
        such texts as half surrogate pairs."""
        return self._hash(b"kilter.error", text, errors="surrogatepass")

    def _text(self, text: str) -> Fingerprint | None:
        if text == REDACTED:
            return None
        if text in ("", "None"):
            return self._empty()
        try:
            canonical = canonical_text(text)
        except NotCanonical:
            try:
                return Fingerprint(self._hash(b"kilter.raw", text), len(text))
            except UnicodeEncodeError:
                return None
        if canonical in _EMPTY:
            return self._empty()
        return Fingerprint(self._hash(b"kilter.canonical", canonical), len(text))

    def _tree(self, value: object) -> Fingerprint:
        canonical = canonical_value(value)
        if canonical in _EMPTY:
            return self._empty()
        return Fingerprint(self._hash(b"kilter.canonical", canonical), len(canonical))

    def _empty(self) -> Fingerprint:
        return Fingerprint(self._hash(b"kilter.empty", ""), 0)

    def _hash(self, domain: bytes, text: str, errors: str = "strict") -> str:
        return hashlib.blake2b(text.encode("utf-8", errors), digest_size=16, key=self._key, person=domain).hexdigest()


_process_lock = threading.Lock()
_of_process: Fingerprinter | None = None


def process_fingerprinter() -> Fingerprinter:
    """The fingerprinter of this process, under the key given to `use_key`, else `KILTER_FINGERPRINT_KEY`, else a random
    one: then hashes compare within this process and the children it forks, and nowhere else. A variable that is no key is
    told once and a random key used: an agent's tools do not fail for it."""
    global _of_process
    made = _of_process
    if made is not None:
        return made
    with _process_lock:
        if _of_process is None:
            _of_process = Fingerprinter(_key_of_environment() or secrets.token_bytes(32))
        return _of_process


def _key_of_environment() -> bytes | None:
    key = os.environb.get(KEY_VARIABLE.encode()) if os.supports_bytes_environ else os.environ.get(KEY_VARIABLE, "").encode()
    if not key or len(key) >= _KEY_BYTES_MIN:
        return key or None
    _log.error("%s has %d bytes and needs %d: a random key is used, and hashes compare within this process only",
               KEY_VARIABLE, len(key), _KEY_BYTES_MIN)
    return None


def _renew_lock() -> None:
    """In a forked child: a thread that is not there any more may have held it."""
    global _process_lock
    _process_lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


def use_key(key: bytes | str) -> None:
    """Makes `key` the one of this process. Call it before the first fingerprint."""
    global _of_process
    made = Fingerprinter(key)
    with _process_lock:
        _of_process = made
