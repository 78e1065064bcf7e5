"""A unit is revised: its place among the others stays a tree (domain.md A.1)."""

from collections.abc import Mapping
from uuid import UUID

from domain.errors import DomainError, ErrorCode
from domain.org import OrgUnit


def check_above(org: OrgUnit, units: Mapping[UUID, OrgUnit]) -> None:
    """BAD_INPUT (parentId) where a unit would come to lie below itself."""
    above = org.parent_id
    while above is not None and above in units:
        if above == org.id:
            raise DomainError(
                ErrorCode.BAD_INPUT,
                "parentId",
                rule="A.1",
                zh="单位不得成为自己的上级",
                en="A unit does not lie below itself",
            )
        above = units[above].parent_id
