"""Who may hold which post (domain.md B.5, R85)."""

import re
from collections.abc import Iterable
from datetime import datetime

from domain.errors import DomainError, ErrorCode
from domain.grid import Grid
from domain.org import OrgKind, OrgUnit
from domain.person import GRID_POSTS, Post, PostType

USERNAME = re.compile(r"[a-z][a-z0-9-]{2,59}")
NAME = 30
"""Characters of a person's name."""

ADMINISTRATORS = frozenset({PostType.SYS_ADMIN, PostType.SEC_ADMIN, PostType.AUDIT_ADMIN})
"""三员分立: nobody is two of them at one time (R85)."""

CENTRE_POSTS = frozenset(
    {
        PostType.ACCEPTOR,
        PostType.SHIFT_LEADER,
        PostType.DISPATCHER,
        PostType.COMMAND_DIRECTOR,
        PostType.LEADER,
        PostType.SUPERVISOR,
        PostType.INSPECTOR,
        PostType.CALLBACK,
    }
)
"""Posts that see every case, and therefore exist at the command centre alone (design §7)."""

_HANDLERS = frozenset({PostType.HANDLER, PostType.HANDLER_LEAD})


def check_username(username: str) -> None:
    """BAD_INPUT unless a lower-case letter is followed by 2 to 59 letters, digits or hyphens."""
    if not USERNAME.fullmatch(username):
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "username",
            zh="用户名须以小写字母开头，3 至 60 个小写字母、数字或连字符",
            en="3 to 60 lower-case letters, digits and hyphens, a letter first",
        )


def check_place(kind: PostType, org: OrgUnit | None, grid: Grid | None) -> None:
    """BAD_INPUT when the post cannot exist at that unit or grid (B.5, design §7)."""
    if kind in GRID_POSTS and (grid is None or grid.valid_to is not None):
        raise _refusal("gridId", "须指定在用网格", "Name a grid in force")
    if kind not in GRID_POSTS and grid is not None:
        raise _refusal("gridId", "该岗位不属于网格", "This post has no grid")
    if org is not None and not org.active:
        raise _refusal("orgUnitId", "单位已停用", "The unit is no longer active")
    if kind in _HANDLERS and org is None:
        raise _refusal("orgUnitId", "须指定单位", "Name the unit")
    if kind in _HANDLERS and org is not None and org.kind is OrgKind.COMMAND_CENTER:
        raise _refusal("orgUnitId", "指挥中心不承办事项", "A command centre handles no case")
    if kind in CENTRE_POSTS and (org is None or org.kind is not OrgKind.COMMAND_CENTER):
        raise _refusal("orgUnitId", "该岗位须在指挥中心", "This post exists at a command centre alone")
    if kind is PostType.OFFICE_CLERK and (org is None or org.region_id is None):
        raise _refusal("orgUnitId", "须指定有辖区的单位", "Name a unit that serves a division")


def check_beside(post: Post, others: Iterable[Post]) -> None:
    """GUARD_FAILED for the same post twice at one time, or for two of the three administrators (R85)."""
    for other in others:
        if not _meet(post, other):
            continue
        if {post.type, other.type} <= ADMINISTRATORS and post.type is not other.type:
            raise DomainError(
                ErrorCode.GUARD_FAILED,
                "type",
                rule="R85",
                zh="系统、安全、审计三员须分立",
                en="System, security and audit administrators are three different people",
            )
        if (post.type, post.org_id, post.grid_id) == (other.type, other.org_id, other.grid_id):
            raise DomainError(
                ErrorCode.GUARD_FAILED, "type", rule="B.5", zh="已任该岗位", en="The post is held already"
            )


def check_period(starts_at: datetime, ends_at: datetime | None) -> None:
    """BAD_INPUT, field `endsAt`, unless the post ends after it begins."""
    if ends_at is not None and ends_at <= starts_at:
        raise _refusal("endsAt", "离任时间须晚于任职时间", "A post ends after it begins")


def end_of(post: Post, asked: datetime | None, now: datetime) -> datetime:
    """When the post is to end: as asked, by default now, or at its own beginning if it has not begun.

    BAD_INPUT, field `endsAt`, before its beginning or after the end it has; GUARD_FAILED when it has ended.
    """
    if post.ends_at is not None and post.ends_at <= now:
        raise DomainError(ErrorCode.GUARD_FAILED, rule="B.5", zh="岗位已结束", en="The post has ended")
    ends_at = max(now, post.starts_at) if asked is None else asked
    if ends_at < post.starts_at or (post.ends_at is not None and ends_at > post.ends_at):
        raise _refusal(
            "endsAt", "离任时间须在任职期内", "The end lies between the post's beginning and its present end"
        )
    return ends_at


def _meet(one: Post, other: Post) -> bool:
    """Whether two posts are in force at one moment; a post without length never is."""
    if one.starts_at == one.ends_at or other.starts_at == other.ends_at:
        return False
    return (one.ends_at is None or other.starts_at < one.ends_at) and (
        other.ends_at is None or one.starts_at < other.ends_at
    )


def _refusal(field: str, zh: str, en: str) -> DomainError:
    return DomainError(ErrorCode.BAD_INPUT, field, rule="B.5", zh=zh, en=en)
