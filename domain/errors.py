"""The closed vocabulary of refusals (domain.md C.4); translated to the wire in `api/errors.py` alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.term import Language, Term


class ErrorCode(Term):
    """错误码: why a request was refused, or warned about."""

    UNAUTHENTICATED = "UNAUTHENTICATED", "请先登录", "Sign in first"
    BAD_CREDENTIALS = "BAD_CREDENTIALS", "用户名或密码错误", "Wrong username or password"
    ACCOUNT_LOCKED = "ACCOUNT_LOCKED", "账号已锁定，请稍后再试", "The account is locked, try again later"
    FORBIDDEN = "FORBIDDEN", "无权执行此操作", "You may not do this"
    MASKED_FIELD = "MASKED_FIELD", "无权查看该字段", "You may not read this field"
    NOT_FOUND = "NOT_FOUND", "未找到", "Not found"
    CONFLICT = "CONFLICT", "数据已被他人修改，请刷新后重试", "Changed by someone else, reload and try again"
    ILLEGAL_TRANSITION = "ILLEGAL_TRANSITION", "当前状态不允许此操作", "The present state does not allow this"
    GUARD_FAILED = "GUARD_FAILED", "不满足办理条件", "A condition of this step is not met"
    RETURN_WINDOW_CLOSED = "RETURN_WINDOW_CLOSED", "退单期限已过", "The return window is closed"
    RETURN_FORBIDDEN = "RETURN_FORBIDDEN", "经指定或已退过，不得退单", "This assignment may not be returned"
    EXTENSION_LIMIT = "EXTENSION_LIMIT", "延期次数已用完", "No further extension is allowed"
    EXTENSION_AFTER_DUE = (
        "EXTENSION_AFTER_DUE",
        "已超期，不得申请延期",
        "An extension must be asked before the due time",
    )
    SUPPORT_PENDING = "SUPPORT_PENDING", "协办单位尚未回复", "A supporting unit has not replied"
    FOLLOWUP_REQUIRED = "FOLLOWUP_REQUIRED", "缺少回访记录", "A follow-up is required"
    VERIFIER_IS_HANDLER = "VERIFIER_IS_HANDLER", "承办单位不得核查自己的事项", "Who handled may not verify"
    SUPERVISION_EXISTS = "SUPERVISION_EXISTS", "已有同级督办", "A supervision of this level is open"
    SUPERVISION_DOWNGRADE = "SUPERVISION_DOWNGRADE", "督办不得降级", "Supervision only rises"
    ALREADY_URGENT = "ALREADY_URGENT", "已是加急", "Already urgent"
    RATE_LIMITED = "RATE_LIMITED", "请求过于频繁", "Too many requests"
    POINTS_INSUFFICIENT = "POINTS_INSUFFICIENT", "积分不足", "Not enough points"
    OUT_OF_STOCK = "OUT_OF_STOCK", "库存不足", "Out of stock"
    CALENDAR_MISSING = (
        "CALENDAR_MISSING",
        "该年度工作日历未发布，期限为暂定",
        "No calendar for that year, the due time is provisional",
    )
    CRS_REQUIRED = "CRS_REQUIRED", "坐标必须注明坐标系", "A point must name its coordinate system"
    OUTSIDE_DISTRICT = "OUTSIDE_DISTRICT", "位置在本区之外", "The place is outside the district"
    PARTY_REFUSED = "PARTY_REFUSED", "当事人拒绝", "A party refused"
    CONFIRMATION_WINDOW_CLOSED = (
        "CONFIRMATION_WINDOW_CLOSED",
        "司法确认期限已过",
        "The confirmation window is closed",
    )
    FEATURE_DISABLED = "FEATURE_DISABLED", "该功能未启用", "This feature is not enabled"
    BAD_INPUT = "BAD_INPUT", "输入有误", "Bad input"
    BAD_ID = "BAD_ID", "编号无效", "Bad id"
    BAD_CURSOR = "BAD_CURSOR", "游标无效", "Bad cursor"
    PAGE_SIZE_REQUIRED = (
        "PAGE_SIZE_REQUIRED",
        "须且仅须指定 first 或 last，范围 1 至 100",
        "Give exactly one of first and last, 1 to 100",
    )
    BAD_MEDIA = "BAD_MEDIA", "文件不是可用的图片", "The file is not a usable image"
    TOO_COSTLY = "TOO_COSTLY", "查询过于复杂", "The query is too costly"
    UNAVAILABLE = "UNAVAILABLE", "服务暂不可用", "Temporarily unavailable"
    IDEMPOTENCY_KEY_REUSED = (
        "IDEMPOTENCY_KEY_REUSED",
        "幂等键已用于其他请求",
        "The idempotency key was used for another request",
    )
    PERSISTED_QUERY_NOT_FOUND = (
        "PERSISTED_QUERY_NOT_FOUND",
        "没有此编号的文档",
        "No document has this id",
    )
    INTERNAL = "INTERNAL", "系统错误", "Internal error"


class DomainError(Exception):
    """A refusal the caller can act on. `field` names the offending input, `facts` are machine-readable extras.

    `rule` is the row or requirement that refused (`T11`, `R02`); `zh`/`en` say more than the code's own label.
    """

    def __init__(
        self,
        code: ErrorCode,
        field: str | None = None,
        *,
        rule: str | None = None,
        zh: str | None = None,
        en: str | None = None,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(code.value)
        self.code = code
        self.field = field
        self.rule = rule
        self.facts = dict(facts or {})
        self._zh = zh
        self._en = en

    def message(self, language: Language = Language.ZH) -> str:
        """The sentence shown to a person; it never holds personal data (domain.md §9 trap 13)."""
        if language is Language.EN:
            return self._en or self.code.en
        return self._zh or self.code.zh


@dataclass(frozen=True, slots=True)
class Warned:
    """Something accepted with a warning (OUTSIDE_DISTRICT, CALENDAR_MISSING only warn, domain.md C.4)."""

    code: ErrorCode
    field: str | None = None
