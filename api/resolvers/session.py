"""Signing in and out, and the person who asks."""

from datetime import UTC, datetime

import strawberry

from api.schema.command import session as command
from api.schema.viewer import Viewer
from api.schema.words import Info, Input, resolver
from domain.errors import DomainError, ErrorCode
from services import sessions
from services.command import new_id


@strawberry.type
class SessionQueries:
    """Who asks."""

    @resolver("当前用户。The signed-in person.")
    async def viewer(self, info: Info) -> Viewer | None:
        """UNAUTHENTICATED before sign-in, FORBIDDEN for an integration key."""
        return Viewer.of(info.context.require_person())


@strawberry.type
class SessionMutations:
    """Tokens."""

    @resolver("登录。Sign in.")
    async def sign_in(self, info: Info, asked: Input[command.SignInInput]) -> command.SignInPayload | None:
        """BAD_CREDENTIALS, ACCOUNT_LOCKED, RATE_LIMITED."""
        if asked.otp is not None:
            raise DomainError(ErrorCode.FEATURE_DISABLED, "otp")
        await info.context.rates.sign_in(info.context.address)
        tokens = await sessions.sign_in(
            asked.username,
            asked.password,
            now=await info.context.now(),
            wall_now=datetime.now(UTC),
            new_id=new_id,
            language=info.context.language,
        )
        info.context.become(tokens.viewer)
        return command.SignInPayload(**command.token_fields(tokens))

    @resolver("续期。Refresh the session.")
    async def refresh_session(
        self, info: Info, asked: Input[command.RefreshSessionInput]
    ) -> command.RefreshSessionPayload | None:
        """UNAUTHENTICATED for a token that is none, used or over."""
        tokens = await sessions.refresh(
            asked.refresh_token,
            now=await info.context.now(),
            wall_now=datetime.now(UTC),
            language=info.context.language,
        )
        info.context.renew(tokens.viewer, tokens.expires_at)
        return command.RefreshSessionPayload(**command.token_fields(tokens))

    @resolver("退出。Sign out.")
    async def sign_out(self, info: Info) -> command.SignOutPayload | None:
        """The session's tokens are void from now on."""
        viewer = info.context.require_person()
        await sessions.sign_out(viewer, now=await info.context.now(), wall_now=datetime.now(UTC))
        return command.SignOutPayload(signed_out=True)
