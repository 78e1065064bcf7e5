"""How a noun's filter becomes the condition of a list (design §8)."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any, cast

from strawberry.utils.str_converters import to_camel_case

from api.ids import decode
from api.schema.filter import NOUN, PlaceFilter
from api.schema.place import checked
from db.geometry import parse_polygon
from db.lists.costs import check_depth, check_size
from db.lists.filters import All, AnyOf, Condition, Not, Op, Test, canonical
from db.lists.meanings import MAX_POSITIONS, rings_of
from domain.errors import DomainError, ErrorCode
from domain.term import Term

_CASE = "incidentIs."
_OPS: dict[str, Op] = {"in_": "in", "starts_with": "startsWith", "is_null": "isnull"}
_INSIDE = {"and_", "or_", "not_", "place", "incident_is"}


def tests_of(where: object) -> Condition:
    """The condition of a noun's filter, in its canonical form.

    BAD_ID, BAD_INPUT and CRS_REQUIRED name the filter's field; TOO_COSTLY, field `where`, refuses too large a one.
    """
    tree = _tree(where, "", 1) if where is not None else All()
    check_size(tree)
    return canonical(tree)


def _tree(where: Any, prefix: str, depth: int) -> Condition:  # noqa: ANN401 - any noun's filter
    """Every field of one object holds; `prefix` begins the names of its fields."""
    check_depth(depth)
    parts: list[Condition] = []
    for it in fields(where):
        given = getattr(where, it.name)
        if given is None:
            continue
        if it.name in _INSIDE:
            parts.append(_inside(it.name, given, prefix, depth + 1))
        else:
            parts.extend(_tests(prefix + to_camel_case(it.name), given, it.metadata.get(NOUN)))
    return All(tuple(parts))


def _inside(name: str, given: Any, prefix: str, depth: int) -> Condition:  # noqa: ANN401 - one filter or several
    if name == "place":
        return All(tuple(_place(given, prefix)))
    if name == "incident_is":
        return _tree(given, _CASE, depth)
    if name == "not_":
        return Not(_tree(given, prefix, depth))
    parts = tuple(_tree(part, prefix, depth) for part in given)
    return All(parts) if name == "and_" else AnyOf(parts)


def _tests(name: str, given: Any, noun: str | None) -> Iterator[Test]:  # noqa: ANN401 - any kind of value's filter
    for it in fields(given):
        value = getattr(given, it.name)
        if value is None:
            continue
        if noun is not None:
            value = _keys(value, noun, f"where.{name}")
        if it.name == "omit":
            yield from _others(name, value)
        else:
            yield Test(name, _OPS.get(it.name, cast("Op", it.name)), value)


def _keys(value: object, noun: str, field: str) -> object:
    if isinstance(value, list):
        return [decode(identity, noun, field) for identity in value]
    return decode(str(value), noun, field)


def _others(name: str, omitted: list[Term]) -> Iterator[Test]:
    """Every value but these; to omit none is no condition."""
    if omitted:
        yield Test(name, "in", [member for member in type(omitted[0]) if member not in omitted])


def _place(given: PlaceFilter, prefix: str) -> Iterator[Test]:
    field = f"where.{prefix}place"
    if given.near is not None:
        point = checked(given.near.point, f"{field}.near.point")
        yield Test(f"{prefix}place.near", "near", (point.lng, point.lat, given.near.metres))
    if given.within is not None:
        if given.crs is None:
            raise DomainError(ErrorCode.CRS_REQUIRED, f"{field}.crs", rule="§7")
        area = parse_polygon(given.within, given.crs, f"{field}.within", most=MAX_POSITIONS)
        yield Test(f"{prefix}place.within", "within", rings_of(area, f"{field}.within"))
    elif given.crs is not None:  # a condition that its writer forgot, not the absence of one
        raise DomainError(
            ErrorCode.BAD_INPUT,
            f"{field}.crs",
            zh="坐标系属于多边形 within，而 within 未给",
            en="It is the system of the outline `within`, and there is none",
        )
