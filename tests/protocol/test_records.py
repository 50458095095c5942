"""Records are strict, and say where they are not satisfied."""

from __future__ import annotations

import datetime
import decimal
import enum
import typing
from collections.abc import Iterator
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pronote_protocol import messages
from pronote_protocol.catalogue import CATALOGUE, Page
from pronote_protocol.codec import pack, unpack
from pronote_protocol.errors import BadRequest, LocalProtocolError
from pronote_protocol.limits import WireLimits
from pronote_protocol.records import describe_kind, is_row, row, structure, unstructure
from pronote_protocol.testing import sample_hello
from pronote_protocol.words import Mode

T = TypeVar("T")
# One value of each sort that msgpack knows, to be refused by every other kind.
SORTS: dict[str, Any] = {
    "nil": None,
    "bool": True,
    "int": 7,
    "number": 7.5,
    "text": "7",
    "bytes": b"7",
    "array": [7],
    "map": {"a": 7},
}


@attrs.frozen(kw_only=True)
class Inner:
    number: int


@row
@attrs.frozen
class Lines:
    first: int
    second: str


@attrs.frozen(kw_only=True)
class Sample(Generic[T]):
    a_bool: bool = False
    an_int: int = 0
    a_number: float = 0.0
    a_text: str = ""
    some_bytes: bytes = b""
    an_instant: datetime.datetime = datetime.datetime(2020, 7, 2, tzinfo=datetime.UTC)
    a_day: datetime.date = datetime.date(2020, 7, 2)
    a_mode: Mode = Mode.TEACHER
    many: tuple[int, ...] = ()
    inner: Inner | None = None
    lines: Lines = Lines(1, "x")
    free: dict[str, Any] = attrs.field(factory=dict)
    generic: tuple[T, ...] = ()


def problems_of(value: Any, cls: Any = Sample[Inner], **options: bool) -> str:
    with pytest.raises(BadRequest) as caught:
        structure(value, cls, **options)
    return str(caught.value.details["problems"])


@pytest.mark.parametrize(
    ("field", "right"),
    [
        ("a_bool", {"bool"}),
        ("an_int", {"int"}),
        ("a_number", {"int", "number"}),
        ("a_text", {"text"}),
        ("some_bytes", {"bytes"}),
        ("an_instant", set()),
        ("a_day", set()),
        ("a_mode", set()),
        ("many", {"array"}),
        ("inner", {"nil"}),
        ("lines", set()),
        ("free", {"map"}),
        ("generic", set()),
    ],
)
@pytest.mark.parametrize("sort", SORTS)
def test_a_value_of_another_sort_is_refused_and_the_field_named(
    field: str, right: set[str], sort: str
) -> None:
    """Nothing is coerced: not "7" to 7, not 7 to True, not 7.0 to 7."""
    value = {field: SORTS[sort]}
    if sort in right:
        assert unstructure(structure(value, Sample[Inner]))[field] == SORTS[sort]
    else:
        assert problems_of(value).startswith((f"{field}:", f"{field}[0]:", f"{field}.number:"))


@pytest.mark.parametrize(
    ("value", "problems"),
    [
        ([], "expected map, got array"),
        ({"an_int": "7"}, "an_int: expected int, got text"),
        ({"an_int": True}, "an_int: expected int, got bool"),
        ({"an_int": 2**63}, "an_int: expected an int of 64 bits with its sign"),
        ({"a_number": 10**400}, "a_number: expected finite number, got int"),
        (
            {"a_mode": "student"},
            "a_mode: expected one of administrative, teacher, school-life, hosting",
        ),
        ({"many": [1, 2, "3"]}, "many[2]: expected int, got text"),
        ({"inner": {}}, "inner.number: missing"),
        ({"inner": {"number": None}}, "inner.number: expected int, got nil"),
        (
            {"generic": [{"number": 1}, {"number": "1"}]},
            "generic[1].number: expected int, got text",
        ),
        ({"lines": [1]}, "lines: expected array of 2, got 1"),
        ({"lines": [1, "x", 3]}, "lines: expected array of 2, got 3"),
        (
            {"lines": ["x", 1]},
            "lines.first: expected int, got text; lines.second: expected text, got int",
        ),
        ({"zzz": 1, "yyy": 2}, "unknown fields: yyy, zzz"),
        ({"inner": {"number": 1, "x": 1}}, "inner: unknown fields: x"),
        (
            {"an_instant": "2020-07-02"},
            "an_instant: expected an instant like 2020-07-02T14:55:00Z",
        ),
        ({"a_day": "2020-02-30"}, "a_day: expected a day like 2020-07-02"),
    ],
)
def test_problems_say_where_and_what_was_expected(value: Any, problems: str) -> None:
    assert problems_of(value) == problems


@pytest.mark.parametrize(
    "text",
    [
        "2020-07-02T14:55:00",
        "2020-07-02 14:55:00Z",
        "20200702T145500Z",
        "2020-W27-4T14:55:00Z",
        "2020-07-02T14:55Z",
        "2020-07-02T25:55:00Z",
        "2020-07-02T14:55:00,5Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "２020-07-02T14:55:00Z",
        "",
    ],
)
def test_only_rfc_3339_instants_are_understood(text: str) -> None:
    """What Python's parser would accept besides differs from version to version."""
    assert problems_of({"an_instant": text}).startswith("an_instant: expected an instant")


def test_an_instant_with_another_offset_is_the_same_instant() -> None:
    sample = structure({"an_instant": "2020-07-02T16:55:00.25+02:00"}, Sample[Inner])

    assert unstructure(sample)["an_instant"] == "2020-07-02T14:55:00.250000Z"


def test_absent_fields_take_their_default_and_required_ones_are_missed() -> None:
    assert structure({}, Sample[Inner]) == Sample()
    assert problems_of({}, Inner) == "number: missing"


def test_every_problem_of_a_record_is_told_at_once_up_to_five() -> None:
    fields = ("a_bool", "an_int", "a_number", "a_text", "some_bytes", "a_mode")

    told = problems_of({field: [] for field in fields})

    assert told.count(";") == 5
    assert told.endswith("; and more")


@given(st.text(min_size=200, max_size=400))
def test_what_was_sent_is_never_repeated_at_length(text: str) -> None:
    for value, cls in (
        ({text: 1, text + "b": 2, "a_mode": text, "an_instant": text}, Sample[Inner]),
        (unstructure(sample_hello()) | {"instance": text}, messages.Hello),
        ({"kind": text, "id": 1, "minutes": 5}, CATALOGUE["inactivity.set"].params),
    ):
        assert len(problems_of(value, cls)) < 600


def test_a_bound_that_is_broken_names_its_field() -> None:
    told = problems_of({"kind": "teachers", "limit": 501}, CATALOGUE["resources.list"].params)

    assert told == "'limit' must be <= 500: 501"


def test_a_tolerant_reader_passes_over_what_a_newer_server_adds() -> None:
    value = {"an_int": 1, "added": 2, "inner": {"number": 3, "added": 4}, "lines": [5, "x", 6]}

    sample = structure(value, Sample[Inner], tolerant=True)

    assert sample == Sample(an_int=1, inner=Inner(number=3), lines=Lines(5, "x"))


def test_a_tolerant_reader_is_strict_about_everything_else() -> None:
    assert problems_of({"an_int": "1"}, tolerant=True) == "an_int: expected int, got text"
    assert problems_of({"lines": [1]}, tolerant=True) == "lines: expected array of 2, got 1"


def test_a_row_travels_as_an_array_and_a_record_as_a_map() -> None:
    assert unstructure(Lines(1, "x")) == [1, "x"]
    assert unstructure(Inner(number=1)) == {"number": 1}
    assert unstructure({"mode": Mode.TEACHER, "rows": (Lines(1, "x"),)}) == {
        "mode": "teacher",
        "rows": [[1, "x"]],
    }


@pytest.mark.parametrize(
    "value",
    [
        object(),
        {1, 2},
        float("nan"),
        float("inf"),
        datetime.datetime(2020, 7, 2),  # noqa: DTZ001  # that is the point
        (object(),),
    ],
)
def test_what_cannot_travel_is_our_own_mistake(value: Any) -> None:
    with pytest.raises(LocalProtocolError, match="does not travel"):
        unstructure(value)


@pytest.mark.parametrize("kind", [int | str, tuple[int, str], object, list[int]], ids=str)
def test_a_kind_that_cannot_travel_is_found_when_its_class_is_first_used(kind: Any) -> None:
    with pytest.raises(TypeError, match="travel"):
        structure(None, kind)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int | None, "int or nil"),
        (tuple[Mode, ...], "array of Mode"),
        (dict[str, Any], "map"),
        (Page[Lines], "Page of Lines"),
        (datetime.datetime, "instant"),
    ],
)
def test_kinds_have_a_name_in_the_documents(kind: Any, words: str) -> None:
    assert describe_kind(kind) == words


# Round trips: values of every class that travels, made from its attrs fields.


def bounds_of(validator: Any) -> Iterator[Any]:
    """Yield the single validators inside *validator*."""
    inner = getattr(validator, "validator", None)
    if inner is not None:
        yield from bounds_of(inner)
    elif parts := getattr(validator, "_validators", None) or (
        validator if isinstance(validator, (list, tuple)) else None
    ):
        for part in parts:
            yield from bounds_of(part)
    elif validator is not None:
        yield validator


def values_of(kind: Any, validator: Any = None) -> st.SearchStrategy[Any]:
    bounds: dict[str, Any] = {}
    for bound in bounds_of(validator):
        for name in ("pattern", "options", "max_length", "min_length"):
            if hasattr(bound, name):
                bounds[name] = getattr(bound, name)
        if hasattr(bound, "compare_op"):
            bounds[bound.compare_op] = bound.bound
    if "options" in bounds:
        return st.sampled_from(bounds["options"])
    if "pattern" in bounds:
        return st.from_regex(bounds["pattern"], fullmatch=True)
    low, high = bounds.get(">="), bounds.get("<=")
    sizes = {"min_size": bounds.get("min_length", 0), "max_size": bounds.get("max_length", 8)}
    if kind is int:
        return st.integers(
            -(2**63) if low is None else low, 2**63 - 1 if high is None else high
        )
    if kind is float:
        return st.floats(low, high, allow_nan=False, allow_infinity=False)
    if kind is decimal.Decimal:
        # As many digits as travel.
        most = decimal.Decimal(999_999_999)
        return st.decimals(
            -most if low is None else low, most if high is None else high, places=2
        )
    if kind is str:
        return st.text(st.characters(exclude_categories=["Cs"]), **sizes)
    if kind is tuple or get_origin(kind) is tuple:
        members = [
            bound.member_validator
            for bound in bounds_of(validator)
            if hasattr(bound, "member_validator")
        ]
        item = values_of(get_args(kind)[0], members)
        return st.lists(item, **{**sizes, "max_size": 3}).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(st.text(max_size=5), st.integers(0, 5) | st.text(max_size=5))
    if type(None) in get_args(kind):
        (some,) = (part for part in get_args(kind) if part is not type(None))
        return st.none() | values_of(some, validator)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(list(kind))
    if kind is datetime.datetime:
        # One day from both ends, so that every offset stays in the calendar.
        return st.datetimes(
            datetime.datetime(1, 1, 2),  # noqa: DTZ001  # hypothesis adds the zone
            datetime.datetime(9999, 12, 30),  # noqa: DTZ001
            timezones=st.just(datetime.UTC),
        )
    if attrs.has(get_origin(kind) or kind):
        return records_of(kind)
    return st.from_type(kind)


def records_of(cls: Any) -> st.SearchStrategy[Any]:
    plain = get_origin(cls) or cls
    hints = typing.get_type_hints(plain)
    filled = dict(zip(getattr(plain, "__parameters__", ()), get_args(cls), strict=False))
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in attrs.fields(plain):
        kind = hints[field.name]
        if filled and get_origin(kind) is tuple:
            kind = tuple[filled[get_args(kind)[0]], ...]  # type: ignore[misc]
        fields[field.alias] = values_of(kind, field.validator)
    return st.builds(plain, **fields)


def travelling() -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for call in CATALOGUE.values():
        for kind in (call.params, call.result):
            kinds[describe_kind(kind)] = kind
    for value in vars(messages).values():
        if isinstance(value, type) and attrs.has(value) and value.__name__ in messages.__all__:
            kinds[value.__name__] = value
    return kinds


TRAVELLING = travelling()
# For each of the sixty classes; `--long` takes them all.
FEW = settings(max_examples=200 if settings.get_current_profile_name() == "long" else 10)


@pytest.mark.parametrize("name", sorted(TRAVELLING))
@FEW
@given(data=st.data())
def test_every_record_arrives_as_it_left(name: str, data: st.DataObject) -> None:
    kind = TRAVELLING[name]
    record = data.draw(records_of(kind))

    sent = pack(unstructure(record))

    limits = WireLimits()
    assert structure(unpack(sent, limits), kind) == record
    assert structure(unpack(sent, limits), kind, tolerant=True) == record


@pytest.mark.parametrize("name", sorted(TRAVELLING))
@FEW
@given(value=st.recursive(
    st.sampled_from(list(SORTS.values())) | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
))  # fmt: skip
def test_any_plain_value_is_a_record_or_a_bad_request(name: str, value: Any) -> None:
    kind = TRAVELLING[name]
    try:
        record = structure(value, kind)
    except BadRequest:
        return
    assert isinstance(record, get_origin(kind) or kind)


@pytest.mark.parametrize("name", sorted(TRAVELLING))
@FEW
@given(data=st.data())
def test_one_wrong_field_is_a_bad_request_that_names_it(name: str, data: st.DataObject) -> None:
    """Nearer to a real client's mistake than any value whatever."""
    kind = TRAVELLING[name]
    made = get_origin(kind) or kind
    # A map of anything takes the wrong value below for a right one.
    maps = {name for name, each in get_type_hints(made).items() if get_origin(each) is dict}
    fields = [field.name for field in attrs.fields(made) if field.name not in maps]
    if not fields or is_row(kind):
        return
    value = unstructure(data.draw(records_of(kind)))
    field = data.draw(st.sampled_from(fields))
    value[field] = {"": object}

    assert problems_of(value, kind).startswith((f"{field}:", f"{field}."))
