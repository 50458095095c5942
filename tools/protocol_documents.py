"""The generated parts of `protocol/README.md`, from the classes and tables themselves."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any, Final, get_args, get_origin

import attrs

from pronote_protocol import envelopes, messages, words
from pronote_protocol.catalogue import CATALOGUE
from pronote_protocol.catalogue.call import ANY_MODE
from pronote_protocol.errors import REFUSALS, Refused
from pronote_protocol.limits import WireLimits
from pronote_protocol.messages import EVENTS
from pronote_protocol.records import describe_kind, is_row, unstructure
from pronote_protocol.stages import FROM_CLIENT, FROM_SERVER, Stage
from pronote_protocol.testing import entered
from pronote_protocol.words import Farewell
from pronote_server.hosting import farewells

# The requests before the session: method, params, result.
LOGIN_STEPS: Final = (
    ("hello", messages.Hello, messages.Welcome),
    ("login.start", messages.LoginStart, messages.Challenge),
    ("login.finish", messages.LoginFinish, messages.LoginAccepted),
    ("password.personalise", messages.Personalise, messages.Nothing),
    ("session.enter", messages.Enter, messages.Entered),
    ("session.resume", messages.Resume, messages.Entered),
)


def limits() -> str:
    """Return the table of `WireLimits`."""
    told = _told_of_fields(WireLimits)
    lines = [
        f"| `{field.name}` | {field.default:,} | {told.get(field.name, '')} |"
        for field in attrs.fields(WireLimits)
    ]
    return "\n".join(["| limit | default | |", "|---|---|---|", *lines])


def stages() -> str:
    """Return the stages as a Mermaid diagram; goodbyes are told in the text."""
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {Stage.GREETING.value}"]
    arrows: dict[tuple[Stage, Stage], list[str]] = {}
    for who, table in (("C", FROM_CLIENT), ("S", FROM_SERVER)):
        for (stage, saying), after in table.items():
            if saying.value != "goodbye":
                arrows.setdefault((stage, after), []).append(f"{who} {saying.value}")
    for (stage, after), sayings in arrows.items():
        lines.append(f"    {stage.value} --> {after.value}: {', '.join(sayings)}")
    lines.append(f"    {Stage.CLOSING.value} --> {Stage.CLOSED.value}: end of stream")
    lines.append(f"    {Stage.CLOSED.value} --> [*]")
    return "\n".join([*lines, "```"])


def login() -> str:
    """Return the requests before the session, with the fields of params and result."""
    return "\n\n".join(
        f"### `{method}`\n\n{_record('Params', params)}\n\n{_record('Result', result)}"
        for method, params, result in LOGIN_STEPS
    )


def events() -> str:
    """Return every event with its fields."""
    return "\n\n".join(f"### `{name}`\n\n{_record('', cls)}" for name, cls in EVENTS.items())


def calls() -> str:
    """Return the catalogue: one table of all calls, then each with its fields."""
    lines = [
        "| call | modes | right | writes | |",
        "|---|---|---|---|---|",
        *(
            f"| [`{call.name}`](#{call.name.replace('.', '')}) | {_modes(call.modes)} "
            f"| `{call.right.value}` | {'yes' if call.writes else ''} "
            f"| {_plain(call.summary)} |"
            for call in CATALOGUE.values()
        ),
    ]
    each = (
        f"### `{call.name}`\n\n{_plain(call.summary)}\n\n"
        f"{_record('Params', call.params)}\n\n{_record('Result', call.result)}"
        for call in CATALOGUE.values()
    )
    return "\n\n".join(["\n".join(lines), *each])


def records() -> str:
    """Return the records and rows that stand inside others, each once."""
    tops = [cls for _, *pair in LOGIN_STEPS for cls in pair]
    tops += [kind for call in CATALOGUE.values() for kind in (call.params, call.result)]
    inner: dict[str, Any] = {}
    for top in tops:
        inner |= {cls.__name__: cls for cls in _inside(top) if cls is not top}
    return "\n\n".join(
        f"### {name}\n\n{_record('', cls, named=False)}" for name, cls in sorted(inner.items())
    )


def vocabulary() -> str:
    """Return the words with their values."""
    lines = ["| word | values | |", "|---|---|---|"]
    for name in words.__all__:
        cls = getattr(words, name)
        values = ", ".join(f"`{member.value}`" for member in cls)
        prose, _ = _docstring(cls)
        lines.append(f"| {name} | {values} | {_cell(prose)} |")
    return "\n".join(lines)


def refusals() -> str:
    """Return every refusal, in two tables: what ends the connection, and what does not."""

    def table(ends: bool) -> str:
        lines = ["| code | when | sentences | details |", "|---|---|---|---|"]
        for code, cls in sorted(REFUSALS.items()):
            if cls.ends is ends and cls is not Refused:
                details = sorted(set(re.findall(r"\{(\w+)\}", cls.french + cls.english)))
                shown = ", ".join(f"`{name}`" for name in details)
                when = _cell(_docstring(cls)[0])
                lines.append(f"| `{code}` | {when} | {cls.french}<br>{cls.english} | {shown} |")
        return "\n".join(lines)

    return (
        f"### Those that end the connection\n\n{table(True)}\n\n"
        f"### Those that do not\n\n{table(False)}"
    )


def goodbyes() -> str:
    """Return the codes of the goodbye, and what this server says with each."""
    lines = ["| code | sentences | advice |", "|---|---|---|"]
    for code in Farewell:
        said = farewells.goodbye(code)
        after = f", after {said.after_seconds:g} s" if said.after_seconds else ""
        lines.append(
            f"| `{code.value}` | {said.fr}<br>{said.en} | `{said.advice.value}`{after} |"
        )
    return "\n".join(lines)


def session() -> str:
    """Return a whole login over plain TCP, in hexadecimal and in words."""
    lines = []
    for line in entered().lines:
        arrow = "C →" if line.who == "client" else "← S"
        said = json.dumps(envelopes.to_wire(line.message), ensure_ascii=False)
        pairs = re.findall("..", line.data.hex())
        shown = [" ".join(pairs[i : i + 32]) for i in range(0, len(pairs), 32)]
        lines += [
            f"{arrow} {said}",
            *(f"    {row}" for row in shown),
            f"    -- {line.stage.value}",
        ]
    return "\n".join(["```text", *lines, "```"])


def _record(title: str, cls: Any, *, named: bool = True) -> str:
    fields = list(_fields(cls))
    head = f"{title}: " if title else ""
    if not fields:
        return f"{head}no field."
    plain = get_origin(cls) or cls
    prose, _ = _docstring(plain)
    shape = "an array" if is_row(cls) else "a map"
    name = f"{describe_kind(cls)}, {shape}" if named else shape.capitalize()
    told = _told_of_fields(plain)
    lines = [f"{head}{name}. {prose}".strip(), ""]
    if is_row(cls):
        lines += ["| n | field | kind | |", "|---|---|---|---|"]
        for number, (field, kind) in enumerate(fields):
            lines.append(
                f"| {number} | `{field.name}` | {_kind(field, kind)} "
                f"| {told.get(field.name, '')} |"
            )
    else:
        lines += ["| field | kind | default | |", "|---|---|---|---|"]
        for field, kind in fields:
            lines.append(
                f"| `{field.name}` | {_kind(field, kind)} | {_default(field)} "
                f"| {told.get(field.name, '')} |"
            )
    return "\n".join(lines)


def _fields(cls: Any) -> Iterator[tuple[Any, Any]]:
    plain = get_origin(cls) or cls
    hints = typing.get_type_hints(plain)
    filled = dict(zip(getattr(plain, "__parameters__", ()), get_args(cls), strict=False))
    for field in attrs.fields(plain):
        kind = hints[field.name]
        if get_origin(kind) is tuple and get_args(kind)[0] in filled:
            yield field, tuple[filled[get_args(kind)[0]], ...]  # type: ignore[misc]
        else:
            yield field, kind


def _inside(cls: Any) -> Iterator[Any]:
    """Yield the records and rows that the fields of *cls* hold, all the way down."""
    for _, kind in _fields(cls):
        for part in (kind, *get_args(kind)):
            if attrs.has(part):
                yield part
                yield from _inside(part)


def _kind(field: Any, kind: Any) -> str:
    shown = describe_kind(kind)
    bounds = [_bound(validator) for validator in _validators(field.validator)]
    return "; ".join([shown, *bounds]).replace("|", "\\|")


def _validators(validator: Any) -> Iterator[Any]:
    if inner := getattr(validator, "validator", None):
        yield from _validators(inner)
    elif isinstance(validator, (list, tuple)):
        for part in validator:
            yield from _validators(part)
    elif parts := getattr(validator, "_validators", None):
        yield from _validators(parts)
    # One that looks at several fields is a function; the record's own text says it.
    elif validator is not None and not isinstance(validator, FunctionType):
        yield validator


def _bound(validator: Any) -> str:
    if hasattr(validator, "compare_op"):
        return (
            f"{validator.compare_op.replace('>=', '≥').replace('<=', '≤')} {validator.bound:,}"
        )
    if hasattr(validator, "max_length"):
        return f"at most {validator.max_length}"
    if hasattr(validator, "min_length"):
        return f"at least {validator.min_length}"
    if hasattr(validator, "pattern"):
        return f"`{validator.pattern.pattern}`"
    if hasattr(validator, "member_validator"):
        each = [_bound(part) for part in _validators(validator.member_validator)]
        whole = [_bound(part) for part in _validators(validator.iterable_validator)]
        return "; ".join([*whole, *(f"each {bound}" for bound in each)])
    return " or ".join(f"`{option}`" for option in validator.options)


def _default(field: Any) -> str:
    if field.default is attrs.NOTHING:
        return "required"
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]
        return "empty"
    value = unstructure(field.default)
    return "nil" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _modes(modes: frozenset[words.Mode]) -> str:
    if modes == ANY_MODE:
        return "any"
    return ", ".join(f"`{mode.value}`" for mode in words.Mode if mode in modes)


def _docstring(cls: Any) -> tuple[str, str]:
    """Return the prose of *cls*, and what follows ``Attributes:``."""
    text = inspect.cleandoc(cls.__doc__ or "")
    prose, _, fields = text.partition("Attributes:")
    return _plain(prose), fields


def _told_of_fields(cls: Any) -> Mapping[str, str]:
    """Return what the docstrings of *cls*, and of what it is made of, say of each field."""
    told: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        _, text = _docstring(each) if attrs.has(each) else ("", "")
        for item in re.split(r"\n {4}(?=\S)", text)[1:]:
            names, _, words_of_it = item.partition(":")
            for name in names.split(","):
                told[name.strip()] = _cell(_plain(words_of_it))
    return told


def _plain(text: str) -> str:
    """Return the text of a docstring as one paragraph of Markdown."""
    text = re.sub(r"``(.+?)``", r"`\1`", text, flags=re.DOTALL)
    text = re.sub(r"`(?:messages|codec)\.(\w+)`", r"`\1`", text)
    return " ".join(text.split())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
