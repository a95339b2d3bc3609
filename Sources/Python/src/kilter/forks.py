"""Forks: a child must not touch its parent's sockets, nor wait for a lock that a thread of the parent held."""

from __future__ import annotations

import os
import threading
import weakref


class ForkSafe:
    """Something with a lock and a socket. While a process forks, no thread is inside the lock; in the child the lock is
    new and `_forget` has dropped, without closing, what belongs to the parent."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        _alive.add(self)

    def _forget(self) -> None:
        """In the child, with a new lock: drop what belongs to the parent."""
        raise NotImplementedError


_alive: weakref.WeakSet[ForkSafe] = weakref.WeakSet()
_held: list[ForkSafe] = []


def _before() -> None:
    _held[:] = sorted(_alive, key=id)
    for one in _held:
        one._lock.acquire()


def _in_parent() -> None:
    while _held:
        _held.pop()._lock.release()


def _in_child() -> None:
    while _held:
        one = _held.pop()
        one._lock = threading.RLock()
        one._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
