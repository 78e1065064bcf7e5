"""Rights and dictionaries that change at one process: its next request knows, and within a second every other's."""

import time
from collections.abc import Awaitable, Callable
from uuid import uuid4

from tests.acceptance.desks import PERSON, Desks, Row, appointed, eventually
from tests.acceptance.town import PASSWORD, Desk, RefusedError, Town

ROLES = "{ viewer { roles } }"
WITHIN = 1.5  # seconds: one, and what the requests themselves take on a busy machine
HOLDER = "query ($id: ID!) { node(id: $id) { ... on Person { version posts { id version } } } }"

End = Callable[[Desk, Row, Desk], Awaitable[object]]


async def _held(desk: Desk) -> object:
    """The roles that a token gives here; the code where it gives none."""
    try:
        return (await desk.ask(ROLES))["viewer"]["roles"]
    except RefusedError as refused:
        return refused.code


async def _ends_post(admin: Desk, person: Row, _own: Desk) -> None:
    seen = (await admin.ask(HOLDER, id=person["id"]))["node"]["posts"][0]
    await admin.do("endPost", "post { id }", id=seen["id"], expectedVersion=seen["version"])


async def _resets(admin: Desk, person: Row, _own: Desk) -> None:
    version = (await admin.ask(PERSON, id=person["id"]))["node"]["version"]
    given = {"id": person["id"], "expectedVersion": version, "newPassword": f"{PASSWORD}-x"}
    await admin.do("resetPassword", "person { id }", **given)


async def _signs_out(_admin: Desk, _person: Row, own: Desk) -> None:
    await own.ask("mutation { signOut { __typename } }")


async def test_what_ends_somebodys_rights_at_one_process_ends_them_everywhere(large_town: Town) -> None:
    desks = Desks(large_town)
    admin, unit = await desks("admin"), await desks.unit("GCL-CMD")
    ways: list[tuple[End, object]] = [
        (_ends_post, []),
        (_resets, "UNAUTHENTICATED"),
        (_signs_out, "UNAUTHENTICATED"),
    ]
    for way, left in ways:
        username = f"p-{uuid4().hex[:12]}"
        person = (
            await admin.do(
                "createPerson", "person { id version }",
                username=username, name="新同事", orgUnitId=unit, password=PASSWORD,
            )
        )["person"]  # fmt: skip
        await appointed(desks, person, "ACCEPTOR", orgUnitId=unit)
        here = await large_town.desk(username)
        there = Desk(large_town.addresses[1], here.token, here.http)
        for _ in range(3):
            assert await _held(here) == await _held(there) == ["ACCEPTOR"]
        await way(admin, person, here)
        ended = time.monotonic()
        assert await _held(here) == left

        async def gone(there: Desk = there, left: object = left) -> bool:
            return await _held(there) == left

        await eventually(gone)
        assert time.monotonic() - ended < WITHIN
