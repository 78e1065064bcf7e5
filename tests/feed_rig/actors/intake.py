"""Commands before a case is given to anybody, and those that end it otherwise (T3 to T10, T36, T40)."""

from collections.abc import Mapping

from tests.feed_rig.actors.scene import ELSEWHERE, SPOT, Move, Scene
from tests.feed_rig.record import Row

_REJECTIONS = ("LEGAL_CHANNEL", "NO_NEW_FACTS", "OUTSIDE_DUTY", "UNLAWFUL")
_TARGETS = ("POLICE_110", "PETITION", "COURT", "LABOUR_ARBITRATION", "OTHER")
_WELL = "已核实。"


def _filed(scene: Scene) -> Row:
    urgency = scene.any_of("NORMAL", "NORMAL", "NORMAL", "URGENT", "COMPLEX", "CRITICAL")
    return {"urgency": urgency, "categoryCode": scene.case["category"]["code"]}


def _ending(scene: Scene) -> Row:
    given: Row = {"kind": scene.any_of("REJECT", "TRANSFER", "VERIFY", "VOID", "UNREASONABLE"), "text": _WELL}
    reasons: Mapping[str, Row] = {
        "REJECT": {"rejectReason": scene.any_of(*_REJECTIONS)},
        "TRANSFER": {"transferTarget": scene.any_of(*_TARGETS), "receiver": "接收窗口"},
        "VOID": {"voidReason": scene.any_of("TEST", "MISTAKEN", "MALICIOUS")},
    }
    return {**given, **reasons.get(given["kind"], {}), "replyText": "已答复。"}


def _self_handled(scene: Scene) -> Row:
    done = {"outcome": "SOLVED", "resultText": "已当场清除。"}
    return {**done, "beforeMediaIds": [], "afterMediaIds": scene.photos()}


def _verified(scene: Scene) -> Row:
    return {"result": "PASS", "point": SPOT, "mediaIds": scene.photos(), "note": "现场核实。"}


def _amended(scene: Scene) -> Row:
    """The place above all: with its grid, who sees the case is another."""
    place = SPOT if scene.maybe(0.5) else ELSEWHERE
    return {"point": place, "address": f"安胜社区 {scene.mark()}", "reason": "更正位置。"}


def _other(scene: Scene, name: str) -> Row | None:
    around = [it for it in scene.around if it != scene.case["id"]]
    return {name: scene.chance.choice(around)} if around else None


MOVES: Mapping[str, Move] = {
    "selfHandleIncident": Move(_self_handled, 3, photo=True),
    "reviewSelfHandled": Move(lambda it: {"accept": it.maybe(0.6), "text": _WELL}, 3),
    "rejectIncident": Move(
        lambda it: {"reason": it.any_of(*_REJECTIONS), "replyText": "已答复。"}, 0.4
    ),
    "transferIncident": Move(
        lambda it: {"target": it.any_of(*_TARGETS), "receiver": "接收窗口", "replyText": "已转办。"}, 0.4
    ),
    "reinstateIncident": Move(lambda it: {"reason": "申诉成立。", "receiverRefused": it.maybe(0.3)}, 2),
    "requestVerification": Move(lambda _: {}, 0.7),
    "recordVerification": Move(_verified, 4, photo=True),
    "amendIncident": Move(_amended, 0.8),
    "fileIncident": Move(_filed, 5),
    "proposeEnding": Move(_ending, 0.4),
    "decideEnding": Move(lambda it: {"accept": it.maybe(0.5), "text": _WELL}, 2.5),
    "voidIncident": Move(lambda _: {"text": _WELL}, 1.5),
    "withdrawIncident": Move(lambda _: {"text": "诉求人不再要求办理。"}, 0.3),
    "confirmGrid": Move(lambda _: {}, 0.4),
    "mergeIncident": Move(lambda it: _other(it, "masterId"), 0.8),
    "unmergeIncident": Move(lambda _: {"reason": "并非同一事项。"}, 2),
    "answerRepeat": Move(lambda it: _other(it, "earlierId"), 0.5),
    "joinIncident": Move(lambda _: {}, 0.4),
    "joinPublicCase": Move(
        lambda it: {"publicCode": it.case["publicCode"]} if it.case["publicCode"] else None, 0.4, of=""
    ),
    "saveDraft": Move(lambda it: {"offlineId": f"phone/{it.mark()}", "form": "{}"}, 0.3, of=""),
}  # fmt: skip
