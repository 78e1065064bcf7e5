"""What a viewer may do, and warnings about what was done."""

import strawberry

from api.schema.argument import Lang
from api.schema.words import Shown, column, derived, resolver
from domain.action import ActionName
from domain.errors import DomainError, ErrorCode, Warned
from domain.life.transition import Available
from domain.term import Language


def _code(refusal: DomainError | None) -> ErrorCode | None:
    return refusal.code if refusal else None


@strawberry.type(description="可用动作。An action, and whether it may be done now.")
class AvailableAction(Shown[Available]):
    """可用动作: from the same table as the guards."""

    name: ActionName = column("action", "动作。The mutation's name.")
    allowed: bool = derived(
        "refusal", fn=lambda refusal: refusal is None, description="现在可否执行。Whether it may be done now."
    )
    code: ErrorCode | None = derived("refusal", fn=_code, description="不可执行的错误码。The code, if not.")

    @resolver("不可执行的理由。Why not, if not.")
    def reason(self, lang: Lang = Language.ZH) -> str | None:
        """In the language asked for."""
        return self.row.refusal.message(lang or Language.ZH) if self.row.refusal else None


@strawberry.type(description="警告：已接受，但请注意。Accepted, with a warning.")
class Warning(Shown[Warned]):  # noqa: A001 - the name core.graphql fixes
    """警告."""

    code: ErrorCode = column("code", "错误码。The code.")
    field: str | None = column("field", "所涉输入字段。The input field it is about.")

    @resolver("文字说明。The warning in words.")
    def message(self, lang: Lang = Language.ZH) -> str:
        """In the language asked for."""
        return DomainError(self.row.code).message(lang or Language.ZH)
