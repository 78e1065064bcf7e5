"""Who asks: the person with the posts in force, as every read and command receives it (design §7)."""

from dataclasses import dataclass, field
from uuid import UUID

from domain.person import ROLES_OF_POST, Post, PostType, Role
from domain.term import Language

_HANDLER_POSTS = frozenset({PostType.HANDLER, PostType.HANDLER_LEAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A signed-in person. `posts` are those in force when the request began.

    `recused` are the cases the person declared an interest in, and sees no more (R82).
    `clerk_regions` are the divisions served by the units where the person is OFFICE_CLERK.
    `session_id` is None only for the platform itself (`SYSTEM`)
    and where an integration key, `key_id`, acts for the person. `roles`: every role the posts give (domain.md B.5).
    """

    person_id: UUID
    username: str
    name: str
    org_id: UUID | None
    posts: tuple[Post, ...]
    clerk_regions: frozenset[UUID] = frozenset()
    session_id: UUID | None = None
    system: bool = False
    key_id: UUID | None = None
    language: Language = Language.ZH
    recused: frozenset[UUID] = frozenset()
    roles: frozenset[Role] = field(init=False, repr=False, compare=False)
    hashed: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Gather the roles once: every scope and masked field asks for them (20 ns against 420 each time).

        Viewers are looked up several times on every read, so whose it is is hashed once, and not every post.
        """
        object.__setattr__(self, "hashed", hash((self.person_id, self.session_id, self.key_id)))
        given = (role for post in self.posts for role in ROLES_OF_POST[post.type])
        object.__setattr__(self, "roles", frozenset({Role.SYSTEM} if self.system else given))

    def __hash__(self) -> int:
        """By whose it is."""
        return self.hashed

    @property
    def handler_orgs(self) -> frozenset[UUID]:
        """Units for which the person handles cases."""
        return frozenset(p.org_id for p in self.posts if p.type in _HANDLER_POSTS and p.org_id is not None)

    @property
    def grids(self) -> frozenset[UUID]:
        """Grids the person walks."""
        return frozenset(p.grid_id for p in self.posts if p.grid_id is not None)

    def orgs_as(self, role: Role) -> frozenset[UUID]:
        """Units at which the person holds that role."""
        return frozenset(
            p.org_id for p in self.posts if p.org_id is not None and role in ROLES_OF_POST[p.type]
        )
