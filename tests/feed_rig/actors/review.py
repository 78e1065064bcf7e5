"""Commands after the result and at any time: checks, follow-ups, ends, reopening, supervision (T27 to T39)."""

from collections.abc import Mapping

from tests.acceptance.desks import ASKED
from tests.feed_rig.actors.scene import SPOT, Move, Scene
from tests.feed_rig.record import Row


def _checked(scene: Scene) -> Row:
    result = scene.any_of("PASS", "PASS", "PASS", "FAIL", "UNABLE")
    given: Row = {"result": result, "note": "电话核实。"}
    if scene.photo:
        given |= {"point": SPOT, "mediaIds": scene.photos()}
    return given | ({"falseCompletion": True} if result == "FAIL" and scene.maybe(0.3) else {})


def _asked(scene: Scene) -> Row:
    layer = scene.any_of("COMMAND", "COMMAND", "COMMUNITY")
    if scene.maybe(0.2):
        return {"layer": layer, "channel": "PHONE", "reached": False}
    if scene.maybe(0.3):
        unhappy = {"solved": "NO", "satisfaction": "DISSATISFIED", "dissatisfactionReason": "RESULT"}
        return {"layer": layer, "channel": "PHONE", "reached": True, **unhappy}
    return {"layer": layer, **ASKED}


def _answered_card(scene: Scene) -> Row | None:
    cards = [it for it in scene.case["supervisions"] if not it["repliedAt"] and not it["cancelledAt"]]
    return {"supervisionId": cards[-1]["id"], "text": "已整改。"} if cards else None


def _received(scene: Scene) -> Row | None:
    notes = [it for it in scene.case["notes"] if it["kind"] == "INSTRUCTION" and not it["receivedAt"]]
    return {"noteId": notes[-1]["id"]} if notes else None


def _unmasked(scene: Scene) -> Row:
    return {"field": scene.any_of("COMPLAINANT_NAME", "COMPLAINANT_PHONE"), "reason": "联系诉求人。"}


MOVES: Mapping[str, Move] = {
    "requestCheck": Move(lambda _: {}, 5),
    "recordCheck": Move(_checked, 5, photo=True),
    "recordFollowUp": Move(_asked, 4),
    "closeIncident": Move(lambda _: {"minutes": "会商纪要。"}, 4),
    "reworkIncident": Move(lambda _: {"reason": "RESULT", "text": "请重办。", "minutes": "会商纪要。"}, 1.5),
    "reopenIncident": Move(lambda _: {"reason": "同一问题复发。"}, 1),
    "archiveIncident": Move(lambda _: {}, 0.6),
    "superviseIncident": Move(
        lambda it: {"level": it.any_of("URGE", "URGE", "YELLOW", "RED", "LISTED"), "text": "请抓紧办理。"}, 0.7
    ),
    "replySupervision": Move(_answered_card, 2.5),
    "cancelSupervision": Move(lambda _: {"reason": "已纠正。"}, 1),
    "instructIncident": Move(lambda _: {"text": "请从快办理。"}, 1),
    "acknowledgeInstruction": Move(_received, 3),
    "markUrgent": Move(lambda _: {}, 0.3),
    "markHistoric": Move(lambda _: {}, 0.3),
    "declareRecusal": Move(lambda _: {"reason": "与当事人有亲属关系。"}, 0.15),
    "addNote": Move(lambda it: {"text": it.mark()}, 0.6),
    "unmaskField": Move(_unmasked, 0.3),
}  # fmt: skip
