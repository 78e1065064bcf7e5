"""People, their posts and credentials; names and phones are sealed for their place (R80)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from db import idempotency, rows
from db.lists.filters import Asked, Column, compiled
from db.lists.pages import COUNT_CAP, Listing, Order, Page, Slice, order_of, read_count, read_page
from db.rows import Columns, Connection, Row, Sql, both, identity, one_of, read, select, to_columns, to_domain
from db.sealed import BrokenSealError, blind_index, seal, unseal
from db.unit_of_work import Work
from db.visibility import of_person
from domain.action import ActionName
from domain.errors import DomainError, ErrorCode
from domain.permission import PERMITTED
from domain.person import Credential, Person, Post, PostType
from domain.term import Language
from domain.viewer import Viewer

_TABLE = "person"
_PHONE = "person.phone"
_POST_SWEPT, _POST_AWAITED = "postEnded", "postAwaited"
ORDERS = {"USERNAME_ASC": Order("p.username", str, "p.id")}
COLUMNS = {
    "username": Column("p.username"),
    "orgUnit": Column("p.org_id", UUID),
    "active": Column("p.active", bool),
}


async def page(
    *,
    viewer: Viewer,
    tests: Asked = (),
    order: str = "USERNAME_ASC",
    slice_: Slice,
    connection: Connection | None = None,
) -> Page[Person]:
    """People the viewer may see."""
    chosen = order_of(ORDERS, order)
    return await read_page(listing(viewer, tests), chosen, slice_, _person, connection)


async def count(
    *, viewer: Viewer, tests: Asked = (), cap: int = COUNT_CAP, connection: Connection | None = None
) -> tuple[int, bool]:
    """How many people, exact up to `cap`."""
    return await read_count(listing(viewer, tests), cap, connection)


def listing(viewer: Viewer, tests: Asked = (), search: str | None = None) -> Listing:
    """What pages and counts of people are taken from. BAD_INPUT with the field; nothing is found by words."""
    if search is not None:
        raise DomainError(ErrorCode.BAD_INPUT, "search")
    return Listing("p.*", "person p", both(of_person(viewer), compiled(tests, COLUMNS)))


async def get(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Person]:
    """People by id; those the viewer may not see are absent."""
    where = both(one_of("p.id", sorted(set(ids))), of_person(viewer))
    return {it.id: it for it in await _people(where, connection)}


async def by_phone(phone: str, *, viewer: Viewer, connection: Connection | None = None) -> list[Person]:
    """Whoever has exactly this phone. FORBIDDEN without a role that may unmask (design §7)."""
    if not viewer.roles & PERMITTED[ActionName.unmaskField]:
        raise DomainError(ErrorCode.FORBIDDEN)
    same = Sql("p.phone_index = ?", (blind_index(phone, _PHONE),))
    return await _people(both(same, of_person(viewer)), connection)


async def by_username(username: str, *, connection: Connection | None = None) -> Person | None:
    """The account of that name, for signing in."""
    found = await _people(Sql("p.username = ?", (username,)), connection)
    return found[0] if found else None


async def require_keys() -> None:
    """UNAVAILABLE when the keyring does not open what is sealed in this store: nothing may be sealed beside it."""
    try:
        await _people(Sql("p.id IN (SELECT id FROM person LIMIT 1)", ()), None)
    except BrokenSealError:
        raise DomainError(
            ErrorCode.UNAVAILABLE,
            zh="FENGQIAO_DATA_KEYS 不是此库的密钥",
            en="FENGQIAO_DATA_KEYS does not open what is sealed in this store",
        ) from None


async def viewer_of(
    person_id: UUID,
    now: datetime,
    session_id: UUID | None = None,
    language: Language = Language.ZH,
    *,
    connection: Connection | None = None,
) -> Viewer | None:
    """The person with the posts in force at `now` and the cases to keep out of (R82).

    None when absent or no longer active. Who holds no post does nothing anyhow, so recusals come with the posts.
    """
    found = await _people(Sql("p.id = ? AND p.active", (person_id,)), connection)
    if not found:
        return None
    held = both(Sql("t.person_id = ?", (person_id,)), _in_force(now))
    source = "post t LEFT JOIN org_unit o ON o.id = t.org_id LEFT JOIN recusal x ON x.person_id = t.person_id"
    columns = "t.*, o.region_id, x.incident_id AS recused_from"
    answer = await read(select(columns, source, held, "ORDER BY t.starts_at, t.id"), connection)
    return viewer_with(answer, found[0], session_id, language)


def viewer_with(
    held: Iterable[Row], person: Person, session_id: UUID | None = None, language: Language = Language.ZH
) -> Viewer:
    """The person with these posts in force, each with its unit's `region_id`, and with `recused_from` each case."""
    posts, recused, clerks = dict[object, Post](), set[object](), set[object]()
    for row in held:
        posts[row["id"]] = to_domain(Post, row)
        recused.add(row["recused_from"])
        if row["type"] == PostType.OFFICE_CLERK:
            clerks.add(row["region_id"])
    return Viewer(
        person_id=person.id,
        username=person.username,
        name=person.name,
        org_id=person.org_id,
        posts=tuple(posts.values()),
        clerk_regions=frozenset(identity(region) for region in clerks if region is not None),
        session_id=session_id,
        language=language,
        recused=frozenset(identity(it) for it in recused if it is not None),
    )


def opened_name(person_id: UUID, sealed: bytes) -> str:
    """A name as it was before it was sealed for that person's row."""
    return unseal(bytes(sealed), table=_TABLE, column="name", row=person_id)


async def posts_of(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Post]]:
    """Every post, past ones too, of people the viewer may see."""
    found: dict[UUID, list[Post]] = {person_id: [] for person_id in ids}
    where = both(one_of("t.person_id", sorted(found)), of_person(viewer))
    source = "post t JOIN person p ON p.id = t.person_id"
    for row in await read(select("t.*", source, where, "ORDER BY t.starts_at, t.id"), connection):
        found[identity(row["person_id"])].append(to_domain(Post, row))
    return found


async def get_posts(
    ids: Collection[UUID], *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, Post]:
    """Posts by id, of people the viewer may see."""
    where = both(one_of("t.id", sorted(set(ids))), of_person(viewer))
    source = "post t JOIN person p ON p.id = t.person_id"
    found = [to_domain(Post, row) for row in await read(select("t.*", source, where), connection)]
    return {it.id: it for it in found}


async def workers(
    grid_ids: Collection[UUID], now: datetime, *, viewer: Viewer, connection: Connection | None = None
) -> dict[UUID, list[Person]]:
    """Who walks each grid at `now`: posts in force."""
    found: dict[UUID, list[Person]] = {grid_id: [] for grid_id in grid_ids}
    where = both(one_of("t.grid_id", sorted(found)), _in_force(now), Sql("p.active"), of_person(viewer))
    source = "post t JOIN person p ON p.id = t.person_id"
    order = "ORDER BY t.starts_at, t.id"
    for row in await read(select("p.*, t.grid_id", source, where, order), connection):
        found[identity(row["grid_id"])].append(_person(row))
    return found


async def posts_in(work: Work, grid_id: UUID, now: datetime) -> int:
    """How many posts in a grid have not ended at `now`, those still to begin included."""
    held = both(Sql("t.grid_id = ?", (grid_id,)), Sql("t.ends_at IS NULL OR t.ends_at > ?", (now,)))
    found = await read(select("COUNT(*) AS posts", "post t", held), work.connection)
    return int(found[0]["posts"])


async def load(work: Work, person_id: UUID) -> Person:
    """The person, locked. NOT_FOUND, field `id`."""
    if not await rows.lock(work.connection, _TABLE, person_id):
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    return (await _people(Sql("p.id = ?", (person_id,)), work.connection))[0]


async def load_post(work: Work, post_id: UUID) -> Post:
    """The post, locked. NOT_FOUND, field `id`."""
    if not await rows.lock(work.connection, "post", post_id):
        raise DomainError(ErrorCode.NOT_FOUND, "id")
    query = select("*", "post", Sql("id = ?", (post_id,)))
    return to_domain(Post, (await read(query, work.connection))[0])


async def insert(work: Work, person: Person, credential: Credential | None = None) -> None:
    """Write a new person. BAD_INPUT, field `username`, when the name is taken."""
    if not await rows.insert_unless_taken(work.connection, _TABLE, _columns(person)):
        raise DomainError(ErrorCode.BAD_INPUT, "username", zh="用户名已存在", en="The username is taken")
    if credential:
        await rows.insert(work.connection, "credential", [to_columns(credential)])


async def save(work: Work, person: Person) -> None:
    """Write a changed person."""
    await rows.update(work.connection, _TABLE, _columns(person), one_of("id", [person.id]))


async def insert_post(work: Work, post: Post, at: datetime) -> None:
    """Write a new post; if it begins after `at`, its beginning is noted to be announced then."""
    await rows.insert(work.connection, "post", [to_columns(post)])
    if post.starts_at > at:
        await idempotency.claim(work, idempotency.PLATFORM, post.id, _POST_AWAITED, b"", at)


async def save_post(work: Work, before: Post, after: Post) -> None:
    """Write what changed of a post."""
    await rows.save(work.connection, "post", to_columns(before), to_columns(after))


async def credential(person_id: UUID, *, connection: Connection | None = None) -> Credential | None:
    """How the person signs in; None for people who cannot."""
    found = await read(select("*", "credential", Sql("person_id = ?", (person_id,))), connection)
    return to_domain(Credential, found[0]) if found else None


async def load_credential(work: Work, person_id: UUID) -> Credential | None:
    """`credential` behind the person's lock, so that failures are counted one by one."""
    await rows.lock(work.connection, _TABLE, person_id)
    return await credential(person_id, connection=work.connection)


async def save_credential(work: Work, before: Credential | None, after: Credential) -> None:
    """Write a changed credential, or a first one."""
    if before is None:
        await rows.insert(work.connection, "credential", [to_columns(after)])
    else:
        await rows.save(work.connection, "credential", to_columns(before), to_columns(after), key="person_id")


async def begun_posts(now: datetime, limit: int, *, connection: Connection | None = None) -> list[Post]:
    """Awaited posts that have begun and were not announced yet; nothing is locked (design §5, revocation)."""
    awaited = Sql("k.actor_id = ? AND k.command = ?", (idempotency.PLATFORM, _POST_AWAITED))
    where = both(awaited, Sql("t.starts_at <= ?", (now,)))
    source = "idempotency k JOIN post t ON t.id = k.key"
    query = select("t.*", source, where, f"ORDER BY t.starts_at, t.id LIMIT {limit:d}")
    return [to_domain(Post, row) for row in await read(query, connection)]


async def announce_beginning(work: Work, post: Post, _at: datetime) -> bool:
    """Note that a post's beginning is announced; False when it was before, by whomever."""
    return await idempotency.release(work, idempotency.PLATFORM, post.id, _POST_AWAITED)


async def ended_posts(now: datetime, limit: int, *, connection: Connection | None = None) -> list[Post]:
    """Posts whose end has passed and was not announced yet; nothing is locked (design §5, revocation)."""
    told = Sql("k.actor_id = ? AND k.key = t.id AND k.command = ?", (idempotency.PLATFORM, _POST_SWEPT))
    known = rows.exists("idempotency k", told)
    where = both(Sql("t.ends_at <= ?", (now,)), Sql(f"NOT {known.text}", known.params))
    query = select("t.*", "post t", where, f"ORDER BY t.ends_at, t.id LIMIT {limit:d}")
    return [to_domain(Post, row) for row in await read(query, connection)]


async def announce_end(work: Work, post: Post, at: datetime) -> bool:
    """Note that a post's end is announced; False when it was before, by whomever."""
    claimed = await idempotency.claim(work, idempotency.PLATFORM, post.id, _POST_SWEPT, b"", at)
    return claimed is None


def _in_force(now: datetime) -> Sql:
    return Sql("t.starts_at <= ? AND (t.ends_at IS NULL OR t.ends_at > ?)", (now, now))


async def _people(where: Sql, connection: Connection | None) -> list[Person]:
    query = select("p.*", "person p", where, "ORDER BY p.username")
    return [_person(row) for row in await read(query, connection)]


def _columns(it: Person) -> Columns:
    columns = to_columns(it)
    name, phone = columns.pop("name"), columns.pop("phone")
    return {
        **columns,
        "name_sealed": seal(name, table=_TABLE, column="name", row=it.id),
        "phone_sealed": seal(phone, table=_TABLE, column="phone", row=it.id) if phone else None,
        "phone_index": blind_index(phone, _PHONE) if phone else None,
    }


def _person(row: Row) -> Person:
    row_id, phone = identity(row["id"]), row["phone_sealed"]
    opened = {
        "name": opened_name(row_id, row["name_sealed"]),
        "phone": unseal(bytes(phone), table=_TABLE, column="phone", row=row_id) if phone else None,
    }
    return to_domain(Person, {**row, **opened})
