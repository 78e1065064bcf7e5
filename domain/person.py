"""People, their posts and the roles the posts give (domain.md A.2, B.5)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.term import Term


class Role(Term):
    """角色: what a person may act as."""

    REPORTER = "REPORTER", "上报人", "Reporter of a channel"
    ACCEPTOR = "ACCEPTOR", "受理员", "Acceptor"
    SHIFT_LEADER = "SHIFT_LEADER", "值班长", "Shift leader"
    DISPATCHER = "DISPATCHER", "派遣员", "Dispatcher"
    COMMAND_DIRECTOR = "COMMAND_DIRECTOR", "指挥中心主任", "Director of the command centre"
    LEADER = "LEADER", "领导", "Leader"
    SUPERVISOR = "SUPERVISOR", "督办员", "Supervisor"
    INSPECTOR = "INSPECTOR", "核查员", "Inspector"
    CALLBACK = "CALLBACK", "回访员", "Callback officer"
    COMMUNITY_CLERK = "COMMUNITY_CLERK", "社区内业人员", "Community clerk"
    GRID_WORKER = "GRID_WORKER", "网格员", "Grid worker"
    VOLUNTEER = "VOLUNTEER", "长岭卫士", "Volunteer"
    RESIDENT = "RESIDENT", "居民", "Resident"
    HANDLER = "HANDLER", "承办人", "Handler"
    HANDLER_LEAD = "HANDLER_LEAD", "承办单位负责人", "Head of a handling unit"
    AUDITOR = "AUDITOR", "审计管理员", "Auditor"
    SYS_ADMIN = "SYS_ADMIN", "系统管理员", "System administrator"
    SEC_ADMIN = "SEC_ADMIN", "安全管理员", "Security administrator"
    CHANNEL = "CHANNEL", "接入渠道", "Channel adapter"
    SYSTEM = "SYSTEM", "系统", "The platform itself"


class PostType(Term):
    """岗位类型: the posts a person can hold; each gives a role (domain.md B.5)."""

    GRID_WORKER_FULL = "GRID_WORKER_FULL", "专职网格员", "Full-time grid worker"
    GRID_WORKER_PART = "GRID_WORKER_PART", "兼职网格员", "Part-time grid worker"
    GRID_LEADER = "GRID_LEADER", "网格长", "Grid leader"
    OFFICE_CLERK = "OFFICE_CLERK", "社区内业人员", "Community office clerk"
    ACCEPTOR = "ACCEPTOR", "受理员", "Acceptor"
    SHIFT_LEADER = "SHIFT_LEADER", "值班长", "Shift leader"
    DISPATCHER = "DISPATCHER", "派遣员", "Dispatcher"
    COMMAND_DIRECTOR = "COMMAND_DIRECTOR", "指挥中心主任", "Director of the command centre"
    LEADER = "LEADER", "领导", "Leader"
    SUPERVISOR = "SUPERVISOR", "督办员", "Supervisor"
    INSPECTOR = "INSPECTOR", "核查员", "Inspector"
    CALLBACK = "CALLBACK", "回访员", "Callback officer"
    HANDLER = "HANDLER", "承办人员", "Handler"
    HANDLER_LEAD = "HANDLER_LEAD", "承办单位负责人", "Head of a handling unit"
    VOLUNTEER = "VOLUNTEER", "长岭卫士", "Volunteer"
    RESIDENT = "RESIDENT", "居民", "Resident"
    AUDIT_ADMIN = "AUDIT_ADMIN", "审计管理员", "Audit administrator"
    SYS_ADMIN = "SYS_ADMIN", "系统管理员", "System administrator"
    SEC_ADMIN = "SEC_ADMIN", "安全管理员", "Security administrator"


ROLES_OF_POST: dict[PostType, frozenset[Role]] = {
    **{post: frozenset({Role(post.value)}) for post in PostType if post.value in Role.__members__},
    PostType.GRID_WORKER_FULL: frozenset({Role.GRID_WORKER}),
    PostType.GRID_WORKER_PART: frozenset({Role.GRID_WORKER}),
    PostType.GRID_LEADER: frozenset({Role.GRID_WORKER}),
    PostType.OFFICE_CLERK: frozenset({Role.COMMUNITY_CLERK}),
    PostType.HANDLER_LEAD: frozenset({Role.HANDLER_LEAD, Role.HANDLER}),  # B.5: HANDLER_LEAD implies HANDLER
    PostType.AUDIT_ADMIN: frozenset({Role.AUDITOR}),
}

GRID_POSTS = frozenset({PostType.GRID_WORKER_FULL, PostType.GRID_WORKER_PART, PostType.GRID_LEADER})
PUBLIC_POSTS = frozenset({PostType.VOLUNTEER, PostType.RESIDENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """人员. `name` and `phone` are encrypted at rest; volunteers and residents have no `org_id`."""

    id: UUID
    username: str
    name: str
    phone: str | None
    org_id: UUID | None
    active: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """岗位: a role at a unit (and grid) from `starts_at` until `ends_at` (exclusive; None is open)."""

    id: UUID
    person_id: UUID
    type: PostType
    org_id: UUID | None
    grid_id: UUID | None
    starts_at: datetime
    ends_at: datetime | None
    version: int = 1

    def holds_at(self, now: datetime) -> bool:
        """Whether the post is in force at `now`."""
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """登录凭据: the password's hash and the failures that lock it (R84), by the wall clock."""

    person_id: UUID
    password_hash: str
    must_change: bool
    failures: int
    last_failure_at: datetime | None
    locked_until: datetime | None
    changed_at: datetime
