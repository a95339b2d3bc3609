"""Marks the current span with fingerprints of a tool call or a message: for processes whose content capture is off."""

from __future__ import annotations

import contextlib
import enum
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, ParamSpec, TypeVar, cast, overload

from opentelemetry.trace import Span, Status, StatusCode, Tracer, get_current_span

from .fingerprints import Fingerprinter, process_fingerprinter
from .identity import shared_of

ARGUMENTS_HASH: Final = "kilter.tool.args_hash"
ARGUMENTS_CHARACTERS: Final = "kilter.tool.args_chars"
RESULT_HASH: Final = "kilter.tool.result_hash"
RESULT_CHARACTERS: Final = "kilter.tool.result_chars"
MESSAGE_HASH: Final = "kilter.message.sha256"
MESSAGE_CHARACTERS: Final = "kilter.message.chars"
SENDER: Final = "kilter.sender.name"
ERROR_TYPE: Final = "error.type"
#: The conventions' name, because the engine reads it: what tells errors apart is not for tools alone.
ERROR_MESSAGE: Final = "error.message"

P = ParamSpec("P")
R = TypeVar("R")


class Absent(enum.Enum):
    """`ABSENT` stands for a value that was not given. It is unknown; None is known and empty."""

    ABSENT = enum.auto()


ABSENT: Final = Absent.ABSENT


def tool_call(
    span: Span | None = None,
    *,
    arguments: object = ABSENT,
    result: object = ABSENT,
    fingerprinter: Fingerprinter | None = None,
) -> None:
    """Sets the fingerprints and sizes of a tool call on `span` (the current one when None), and nothing else.

    `arguments` and `result` are text (JSON or not) or Python objects. What is left out, or has no fingerprint, stays
    unknown to the engine: it equals nothing.
    """
    span = get_current_span() if span is None else span
    if not span.is_recording():
        return
    maker = fingerprinter or process_fingerprinter()
    for value, hash_key, characters_key in (
        (arguments, ARGUMENTS_HASH, ARGUMENTS_CHARACTERS),
        (result, RESULT_HASH, RESULT_CHARACTERS),
    ):
        made = None if value is ABSENT else maker.fingerprint(value)
        if made is not None:
            span.set_attribute(hash_key, made.hash)
            span.set_attribute(characters_key, made.characters)


def message(
    text: str, span: Span | None = None, *, sender: str | None = None, fingerprinter: Fingerprinter | None = None
) -> None:
    """Sets the fingerprint and size of a message between agents on `span` (the current one when None), and who sent it.

    On the span of a model call, without a sender, it is what the model answered.
    """
    span = get_current_span() if span is None else span
    if not span.is_recording():
        return
    made = (fingerprinter or process_fingerprinter()).message(text)
    span.set_attribute(MESSAGE_HASH, made.hash)
    span.set_attribute(MESSAGE_CHARACTERS, made.characters)
    if sender is not None:
        span.set_attribute(SENDER, sender)


@overload
def traced_tool(function: Callable[P, R]) -> Callable[P, R]: ...


@overload
def traced_tool(
    *, tracer: Tracer | None = None, name: str | None = None, fingerprinter: Fingerprinter | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def traced_tool(
    function: Callable[P, R] | None = None,
    *,
    tracer: Tracer | None = None,
    name: str | None = None,
    fingerprinter: Fingerprinter | None = None,
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Sets the fingerprints of each call of a function, plain or `async`, and of what it returns.

    Bare, it marks the span that is current inside the function: put it below the decorator that starts the tool's span.
    With a `tracer` it starts that span itself: `execute_tool <name>`, with `gen_ai.operation.name`, `gen_ai.tool.name`, and
    agent and conversation of the span around it. Of an exception it tells the type (`error.type`), and as `error.message` the fingerprint of its text
    (see `Fingerprinter.error`), never the text or the stack; what another decorator's span tells of it is up to that one.
    Arguments are compared by parameter name, defaults included, so `f(1)` and `f(x=1)` are equal.
    """
    if function is None:
        return lambda function: _traced(function, tracer, name, fingerprinter)
    return _traced(function, tracer, name, fingerprinter)


def _traced(
    function: Callable[P, R], tracer: Tracer | None, name: str | None, fingerprinter: Fingerprinter | None
) -> Callable[P, R]:
    tool = name or function.__name__
    signature = inspect.signature(function)

    def mark(span: Span, result: object, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        tool_call(span, arguments=_by_name(signature, args, kwargs), result=result, fingerprinter=fingerprinter)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:
            with _span(tracer, tool, fingerprinter) as span:
                mark(span, ABSENT, args, kwargs)
                result = await function(*args, **kwargs)
                tool_call(span, result=result, fingerprinter=fingerprinter)
                return result

        return cast(Callable[P, R], awaited)

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        with _span(tracer, tool, fingerprinter) as span:
            # Before the call, which may change what it was given or fail.
            mark(span, ABSENT, args, kwargs)
            result = function(*args, **kwargs)
            tool_call(span, result=result, fingerprinter=fingerprinter)
            return result

    return called


@contextlib.contextmanager
def _span(tracer: Tracer | None, tool: str, fingerprinter: Fingerprinter | None) -> Iterator[Span]:
    if tracer is None:
        yield get_current_span()
        return
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, **shared_of(get_current_span())}
    # Left to itself OpenTelemetry records the exception's text and stack, which may quote content.
    with tracer.start_as_current_span(
        f"execute_tool {tool}", attributes=attributes, record_exception=False, set_status_on_exception=False) as span:
        try:
            yield span
        except Exception as error:
            _fail(span, error, fingerprinter)
            raise


def _fail(span: Span, error: Exception, fingerprinter: Fingerprinter | None) -> None:
    """Tells one failure from another without its text."""
    if not span.is_recording():
        return
    span.set_status(Status(StatusCode.ERROR))
    span.set_attribute(ERROR_TYPE, type(error).__qualname__)
    try:
        text = str(error)
    except Exception:  # the tool's exception goes on its way, whatever it makes of its own text
        return
    if text:
        span.set_attribute(ERROR_MESSAGE, (fingerprinter or process_fingerprinter()).error(text))


def _by_name(signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> object:
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # the call itself will say so
        return ABSENT
    bound.apply_defaults()
    named = dict(bound.arguments)
    first = next(iter(signature.parameters), None)
    if first in ("self", "cls"):
        named.pop(first, None)
    return named
