"""Commands from the dispatch to the result: whose duty it is, the joint work, and time (T11 to T26)."""

from collections.abc import Mapping

from tests.acceptance.desks import ASKED
from tests.feed_rig.actors.scene import Move, Scene, order
from tests.feed_rig.record import Row

_RETURNS = ("NOT_DUTY", "WRONG_AREA", "LEGAL_CHANNEL", "ALREADY_DONE", "INFO_MISSING", "DUPLICATE")
_OWN = ("HISTORIC", "FUNDING", "CONSTRUCTION_SEASON", "POLICY_PENDING", "LITIGATION", "THIRD_PARTY")


def _asked_back(scene: Scene) -> Row:
    asked: Row = {"reason": scene.any_of(*_RETURNS), "basis": "三定规定", "text": "不属本单位职责。"}
    own = scene.row["orgUnit"]["id"] if scene.row else None
    others = [it for it in scene.some_units(2) if it != own]
    return {**asked, "suggestedOrgUnitId": others[0]}


def _ruled(scene: Scene) -> Row:
    """Whoever works already is kept, or others are named in their place."""
    live = ("PENDING", "ACCEPTED", "RETURN_REQ", "EXT_REQ", "HANG_REQ", "HUNG", "SUBMITTED")
    leads = [it for it in scene.case["assignments"] if it["role"] == "LEAD" and it["state"] in live]
    if len(leads) == 1 and scene.maybe(0.4):
        return {"mode": "SINGLE", "leads": [leads[0]["orgUnit"]["id"]], "orderText": "会议纪要。"}
    return {**order(scene), "orderText": "会议纪要。"}


def _submitted(scene: Scene) -> Row:
    outcome = scene.any_of("SOLVED", "SOLVED", "PARTLY", "EXPLAINED")
    hung = scene.row is not None and scene.row["state"] == "HUNG"
    told = {"outcome": "HUNG_OPEN" if hung else outcome, "resultText": f"已清理，{scene.mark()}。"}
    return {**told, "followUp": ASKED, "afterMediaIds": scene.photos()}


def _named_handler(scene: Scene) -> Row | None:
    person = scene.handlers.get(scene.row["orgUnit"]["code"]) if scene.row else None
    return {"personId": person} if person else None


def _milestone(scene: Scene) -> Row | None:
    open_ones = [it["name"] for it in (scene.row or {}).get("milestones", ()) if not it["doneAt"]]
    return {"milestone": open_ones[0], "text": "已完成。", "mediaIds": scene.photos()} if open_ones else None


def _hung(scene: Scene) -> Row:
    plan = {"reason": scene.any_of(*_OWN), "plan": "分期整治。", "text": "须待资金到位。"}
    return {**plan, "nextReviewAt": scene.later(20), "maxUntil": scene.later(60)}


def _reviewed(scene: Scene) -> Row:
    review = scene.any_of("CONTINUE", "RESUME", "ALLOW_CLOSE")
    given: Row = {"review": review, "text": "已复查。"}
    return {**given, "nextReviewAt": scene.later(25)} if review == "CONTINUE" else given


def _extended(scene: Scene) -> Row:
    asked = {"days": scene.chance.randint(1, 5), "reason": "工期", "text": "须待材料到货。"}
    return {**asked, "informedAt": scene.row["dispatchedAt"] if scene.row else None}


def _decided(scene: Scene) -> Row:
    return {"accept": scene.maybe(0.6), "text": "已核实。"}


def _called(scene: Scene, unanswered: tuple[str, ...]) -> Row | None:
    calls = [call for it in scene.case["whistles"] for call in it["calls"]]
    waiting = [it for it in calls if not all(it[name] for name in unanswered)]
    return scene.chance.choice(waiting) if waiting else None


def _whistle_answered(scene: Scene) -> Row | None:
    steps = {"SIGN": "signedAt", "CONTACT": "contactedAt", "ARRIVE": "arrivedAt"}
    call = _called(scene, tuple(steps.values()))
    if call is None:
        return None
    return {"callId": call["id"], "step": next(step for step, at in steps.items() if not call[at])}


def _whistle_rated(scene: Scene) -> Row | None:
    calls = [call for it in scene.case["whistles"] for call in it["calls"]]
    return (
        {"callId": scene.chance.choice(calls)["id"], "rating": scene.chance.randint(1, 5)} if calls else None
    )


MOVES: Mapping[str, Move] = {
    "dispatchIncident": Move(lambda it: {**order(it), "basis": "部门职责"}, 6),
    "withdrawDispatch": Move(lambda _: {"reason": "另行安排。"}, 0.6),
    "redispatchIncident": Move(lambda it: {**order(it), "basis": "部门职责", "reason": "改派。"}, 0.4),
    "claimIncident": Move(lambda _: {"text": "愿意承担。"}, 1.5),
    "confirmClaim": Move(_decided, 3),
    "releaseSupport": Move(lambda _: {"reason": "无须协办。"}, 0.5, of="row"),
    "acceptAssignment": Move(lambda _: {}, 6, of="row"),
    "recordFirstContact": Move(lambda it: {"channel": it.any_of("PHONE", "VISIT")}, 3, of="row"),
    "assignHandler": Move(_named_handler, 0.5, of="row"),
    "completeMilestone": Move(_milestone, 4, of="row", photo=True),
    "replyAsSupport": Move(lambda _: {"text": "已协办。"}, 5, of="row"),
    "acknowledgeCopy": Move(lambda _: {}, 2, of="row"),
    "requestReturn": Move(_asked_back, 1, of="row"),
    "decideReturn": Move(_decided, 3, of="row"),
    "referToArbitration": Move(
        lambda it: {"text": "归谁管不明。", "participants": it.some_units(2)}, 1.5
    ),
    "submitStatement": Move(lambda it: {"text": "本单位意见。", "volunteers": it.maybe(0.3)}, 2),
    "ruleArbitration": Move(_ruled, 3),
    "requestExtension": Move(_extended, 1.2, of="row"),
    "decideExtension": Move(_decided, 3, of="row"),
    "requestHang": Move(_hung, 1.2, of="row"),
    "decideHang": Move(_decided, 3, of="row"),
    "reviewHang": Move(_reviewed, 1.5),
    "resumeHung": Move(lambda _: {"text": "条件具备。"}, 1, of="row"),
    "submitResult": Move(_submitted, 4, of="row", photo=True),
    "returnResult": Move(lambda _: {"text": "未见整改。"}, 0.8),
    "blowWhistle": Move(
        lambda it: {
            "kind": it.any_of("EMERGENCY", "ROUTINE", "TOUGH"), "text": "请到场会商。",
            "orgUnitIds": it.some_units(1),
        },
        0.8,
    ),
    "answerWhistle": Move(_whistle_answered, 2, of=""),
    "rateWhistle": Move(_whistle_rated, 1, of=""),
}  # fmt: skip
