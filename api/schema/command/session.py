"""Inputs and payloads of signing in and out, the own password, and the test clock."""

from typing import Any

import strawberry

from api.scalars import DateTime
from api.schema.command.given import Command, needed, option
from api.schema.person import Person
from api.schema.viewer import Viewer
from services.sessions import Tokens


@strawberry.input(description="登录。Sign in.")
class SignInInput:
    """By user name and password; exempt from idempotency."""

    username: str = needed("用户名。User name.")
    password: str = needed("密码。Password.")
    otp: str | None = option("动态口令；目前未启用。One-time password; not enabled.")


@strawberry.input(description="续期。Refresh the session.")
class RefreshSessionInput:
    """Each refresh token is good once."""

    refresh_token: str = needed("刷新令牌，只可用一次。The refresh token, good once.")


@strawberry.type(description="登录的结果。What signing in answers.")
class SignInPayload:
    """Tokens for a session."""

    access_token: str = strawberry.field(description="访问令牌。The bearer token.")
    refresh_token: str = strawberry.field(description="刷新令牌，只可用一次。The refresh token, good once.")
    expires_at: DateTime = strawberry.field(description="访问令牌失效时间。When the bearer token ends.")
    must_change_password: bool = strawberry.field(
        description="是否须先修改密码。Whether the password waits to be changed."
    )
    viewer: Viewer = strawberry.field(description="当前用户。The signed-in person.")


@strawberry.type(description="续期的结果。What refreshing answers.")
class RefreshSessionPayload(SignInPayload):
    """New tokens for the same session."""


def token_fields(tokens: Tokens) -> dict[str, Any]:
    """What both payloads say of new tokens."""
    return {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "expires_at": tokens.expires_at,
        "must_change_password": tokens.must_change,
        "viewer": Viewer.of(tokens.viewer),
    }


@strawberry.type(description="退出的结果。What signing out answers.")
class SignOutPayload:
    """The session is over."""

    signed_out: bool = strawberry.field(description="会话已结束。The session is over.")


@strawberry.input(description="修改自己的密码。Change the own password.")
class ChangePasswordInput(Command):
    """The old one is asked for."""

    old_password: str = needed("现用密码。The present password.")
    new_password: str = needed("新密码。The new password.")


@strawberry.type(description="修改密码的结果。What changing the password answers.")
class ChangePasswordPayload:
    """The other sessions are over."""

    person: Person = strawberry.field(description="人员。The person.")


@strawberry.input(description="拨快测试时钟。Forward the test clock.")
class ForwardClockInput(Command):
    """Only where a test clock runs."""

    to: DateTime = needed("拨到的时间。The time to go to.")


@strawberry.type(description="拨快时钟的结果。What forwarding answers.")
class ForwardClockPayload:
    """Everything due by then has fired."""

    now: DateTime = strawberry.field(description="现在的业务时间。The business time now.")
