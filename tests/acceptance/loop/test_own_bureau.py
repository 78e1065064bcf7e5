"""The complaint about the handler's own bureau: from the report to the archive nobody there learns who made it (R81).

The bureau dispatches nothing and judges nothing here; it handles, is late, is sent back and handles again, while its
people read whatever they can, stream whatever there is, and make every mistake. The command centre may unmask.
"""

import json
from contextlib import AsyncExitStack

from tests.acceptance.desks import (
    ASKED,
    GIVEN,
    Desks,
    Row,
    appointed,
    mutation_of,
    newcomer,
    posted,
    refusal,
    refused,
    step,
    why,
)
from tests.acceptance.test_identity import CHANGED, FEED, NESTED, QUEUE, WHOLE
from tests.acceptance.town import Console, Desk, Town

BUREAU = "GCL-ZJJ"
WORDS, OPINION = "收费后三个月不派人", "还是那位姓马的师傅推脱"
SPAN = {"from": "2024-10-01T00:00:00+08:00", "to": "2024-12-31T00:00:00+08:00"}
AROUND = f"""followUps {{ layer satisfaction opinion complainantId recordedBy {{ id name }} }}
  verifications {{ note inspector {{ id name }} }} requests {{ kind text answer askedBy {{ id name }} }}
  supervisions {{ text reply issuedBy {{ id name }} }} scoreEntries {{ type }} merged {{ no {WHOLE} }}"""
READS = {
    "case": f"query ($id: ID!) {{ incident(id: $id) {{ {NESTED} {AROUND} }} }}",
    "node": f"query ($id: ID!) {{ node(id: $id) {{ ... on Incident {{ {NESTED} }} }} }}",
    "list": f"{{ incidents(first: 9) {{ totalCount nodes {{ {WHOLE} {AROUND} }} }} }}",
    "rows": f"{{ assignments(first: 4) {{ totalCount nodes {{ id incident {{ {NESTED} }} }} }} }}",
    "events": """query ($id: ID!) { events(first: 100, filter: {incidentId: $id}) { nodes { kind action summary
      actor { id name } } } }""",
    "log": "{ events(first: 100) { nodes { kind action summary actor { id name } incident { content } } } }",
    "search": f'{{ incidents(first: 9, search: "维修") {{ nodes {{ {WHOLE} }} }} }}',
    "wall": "{ board { open byOrgUnit { orgUnit { name } open } } workbenchCounts { desk count } }",
    "returns": "query ($from: DateTime!, $to: DateTime!) { returnReport(from: $from, to: $to) "
    "{ orgUnit { name } asked } }",
    "findings": "query ($from: DateTime!, $to: DateTime!) { findingReport(from: $from, to: $to) "
    "{ orgUnit { name } heard } }",
    "calls": "{ whistleCalls(first: 9) { id } arbitrations(first: 9) { title } }",
}
FOR_OVERSEERS = {"findings"}
DESKS = ("DUE_TODAY", "OVERDUE", "UNREAD", "SENT_BACK", "COPIES_UNREAD", "QUALITY")
ON_DESK = f"""query ($desk: Desk!) {{ workbench(desk: $desk, first: 9) {{ nodes {{ why incident {{ {WHOLE} }}
  assignment {{ id }} }} }} }}"""
GUESSES = (
    "{ incidents(first: 9, search: $guess) { totalCount nodes { no } } }",
    "{ incidents(first: 9, search: $guess, where: {state: {in: [DISPATCHED, HANDLING, CLOSED]}}) { totalCount } }",
)


class _Secret:
    """What nobody of the bureau may read anywhere, and who they are."""

    def __init__(self, case: Row, seen: Row, name: str, readers: list[Desk]) -> None:
        self.id, self.no, self.readers = case["id"], case["no"], readers
        (media,) = seen["media"]
        self.url, self.reporter = media["url"], seen["reporter"]["id"]
        self.words = [
            *(name, seen["reporter"]["name"], self.reporter, seen["complainant"]["id"], "赵立秋", "赵*"),
            *("13998765432", "139****5432", WORDS, OPINION, media["id"], media["sha256"], self.url),
        ]

    def kept_from(self, shown: object) -> None:
        """Fail when any of it is in what was shown."""
        text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
        assert [word for word in self.words if word in text] == []

    async def look(self, desks: Desks) -> None:
        """Everybody of the bureau reads all there is, and guesses."""
        case = (await (await desks("command")).ask(READS["case"], id=self.id))["incident"]
        assert case["content"] is not None
        for desk in self.readers:
            for name, document in READS.items():
                given = {"id": self.id} if "$id" in document else SPAN if "$from" in document else {}
                answer = await posted(desk, document, **given)
                self.kept_from(answer.text)
                if "errors" in answer.json():
                    assert name in FOR_OVERSEERS
                    assert why(refusal(answer)) == ("FORBIDDEN", None)
                assert name != "case" or answer.json()["data"]["incident"]["id"] == self.id
            for document in GUESSES:
                for guess in ("赵立秋", "13998765432", WORDS):
                    found = await desk.ask(f"query ($guess: String!) {document}", guess=guess)
                    assert self.no not in json.dumps(found)
                    assert found["incidents"]["totalCount"] == 0
            await self._try(desk)
        for desk in self.readers[:2]:
            for name in DESKS:
                self.kept_from(await desk.ask(ON_DESK, desk=name))

    async def _try(self, desk: Desk) -> None:
        """What is refused, and how, tells nothing either."""
        version = (await desk.ask("query ($id: ID!) { incident(id: $id) { version } }", id=self.id))[
            "incident"
        ]
        named = {"id": self.id, "expectedVersion": version["version"]}
        for field in ("COMPLAINANT_NAME", "COMPLAINANT_PHONE"):
            assert (await refused(desk, "unmaskField", **named, field=field, reason="联系"))[0] == "FORBIDDEN"
        for given in ({**named, "text": ""}, {**named, "expectedVersion": 0, "text": "x"}):
            answer = await posted(desk, mutation_of("addNote", "note { id }"), input=given)
            assert answer.json().get("errors")
            self.kept_from(answer.text)
        document = "query ($id: ID!) { incidents(first: 5, where: {reporter: {eq: $id}}) { nodes { no } } }"
        assert {"no": self.no} not in (await desk.ask(document, id=self.reporter))["incidents"]["nodes"]
        picture = await desk.http.get(
            f"http://{desk.address}{self.url}", headers={"Authorization": f"Bearer {desk.token}"}
        )
        assert picture.status_code == 404


async def _readers(desks: Desks) -> list[Desk]:
    """The account that handles, a head of the bureau, and its man lent to the command centre as an inspector."""
    lead = await newcomer(desks, "HANDLER", "HANDLER_LEAD", unit=BUREAU)
    lent = await newcomer(desks, unit=BUREAU)
    person = {"id": (await lent.ask("{ viewer { id } }"))["viewer"]["id"]}
    await appointed(desks, person, "INSPECTOR", orgUnitId=await desks.unit("GCL-CMD"))
    return [await desks("housing", 1), lead, lent]


async def _told(desks: Desks, readers: list[Desk]) -> _Secret:
    """The volunteer reports what the bureau did; the command centre gives it to the bureau itself."""
    volunteer, acceptor = await desks("volunteer"), await desks("acceptor")
    case: Row = (
        await volunteer.do(
            "reportIncident",
            "incident { id no version state }",
            **GIVEN
            | {
                "source": "VOLUNTEER_MP",
                "kind": "COMPLAINT",
                "title": "反映维修服务问题",
                "content": f"住建局维修人员{WORDS}。",
                "complainant": {"name": "赵立秋", "phone": "13998765432"},
                "complainedOrgUnitId": await desks.unit(BUREAU),
                "mediaIds": [await volunteer.upload("purple")],
            },
        )
    )["incident"]
    filing = {"urgency": "NORMAL", "categoryCode": GIVEN["categoryCode"]}
    case = await step(acceptor, "fileIncident", case, **filing)
    name = (await volunteer.ask("{ viewer { displayName } }"))["viewer"]["displayName"]
    seen = (await acceptor.ask(READS["case"], id=case["id"]))["incident"]
    assert seen["complainant"]["phone"] == "139****5432"
    await (await desks("dispatcher")).do(
        "dispatchIncident",
        "incident { id }",
        id=case["id"],
        expectedVersion=case["version"],
        mode="SINGLE",
        leads=[await desks.unit(BUREAU)],
        basis="部门职责",
    )
    return _Secret(case, seen, name, readers)


async def _handled(desk: Desk, secret: _Secret, row: Row, *, first: bool) -> Row:
    """The bureau works and hands in; its own payloads are looked at too."""
    steps: list[tuple[str, Row]] = [
        ("submitResult", {"outcome": "SOLVED", "resultText": "已派员修复。", "noContactReason": "身份保密"})
    ]
    if first:
        steps[:0] = [("acceptAssignment", {}), ("recordFirstContact", {"channel": "PHONE"})]
    for mutation, given in steps:
        selection = (
            f"assignment {{ id version incident {{ {WHOLE} }} }} incident {{ {NESTED} version state }}"
        )
        named = {"id": row["id"], "expectedVersion": row["version"], **given}
        made = await desk.do(mutation, selection, **named)
        secret.kept_from(made)
        row, case = made["assignment"], made["incident"]
    found: Row = case
    return found


async def _judged(desks: Desks, case: Row, **said: object) -> Row:
    """The command centre checks and asks the complainant."""
    case = await step(await desks("acceptor"), "requestCheck", case)
    case = await step(await desks("inspector"), "recordCheck", case, result="PASS", note="现场核实。")
    return await step(
        await desks("callback"), "recordFollowUp", case, **{"layer": "COMMAND", **ASKED, **said}
    )


async def _unmasked(desks: Desks, secret: _Secret) -> None:
    """The command centre reads who it was, once and with a reason; the log holds that, and the case shows no more."""
    acceptor, command = await desks("acceptor"), await desks("command")
    for field, value in (("COMPLAINANT_NAME", "赵立秋"), ("COMPLAINANT_PHONE", "13998765432")):
        found = (await command.ask("query ($id: ID!) { incident(id: $id) { version } }", id=secret.id))[
            "incident"
        ]
        named = {"id": secret.id, "expectedVersion": found["version"], "reason": "回访核对"}
        assert await acceptor.do("unmaskField", "value", **named, field=field) == {"value": value}
    document = """query ($id: ID!) { incident(id: $id) { complainant { phone }
      history(first: 100) { nodes { action actor { id } } } } }"""
    shown = (await command.ask(document, id=secret.id))["incident"]
    said = [it["actor"] for it in shown["history"]["nodes"] if it["action"] == "unmaskField"]
    assert said == 2 * [{"id": (await acceptor.ask("{ viewer { id } }"))["viewer"]["id"]}]
    assert shown["complainant"] == {"phone": "139****5432"}


async def _forward(desks: Desks, moment: str) -> None:
    await (await desks("command")).do("forwardClock", "now", to=f"{moment}:00+08:00")


async def test_nobody_of_the_bureau_complained_about_learns_who_complained_while_it_handles_the_case(
    town: Town,
) -> None:
    desks = Desks(town)
    readers = await _readers(desks)
    housing, lead, _ = readers
    async with AsyncExitStack() as open_:
        consoles = [await open_.enter_async_context(it.watch(FEED)) for it in readers]
        consoles += [await open_.enter_async_context(it.watch(QUEUE)) for it in (housing, lead)]
        centre = await open_.enter_async_context((await desks("acceptor")).watch(FEED))
        for console in (*consoles, centre):
            await console.until(bool)
        secret = await _told(desks, readers)
        consoles += [await open_.enter_async_context(it.watch(CHANGED, id=secret.id)) for it in readers]
        await secret.look(desks)
        await _forward(desks, "2024-10-22T17:05")  # it has not signed, and is urged
        await secret.look(desks)
        (row,) = await _live_row(desks, secret)
        case = await _handled(housing, secret, row, first=True)
        unhappy = {"solved": "NO", "satisfaction": "DISSATISFIED", "dissatisfactionReason": "RESULT"}
        case = await _judged(desks, case, **unhappy, opinion=OPINION)
        await secret.look(desks)
        case = await step(await desks("shift"), "reworkIncident", case, reason="RESULT", text="限期整改。")
        again = (await housing.ask(READS["case"], id=secret.id))["incident"]["assignments"]
        secret.kept_from(again)
        (row,) = await _live_row(desks, secret)
        case = await _judged(desks, await _handled(lead, secret, row, first=False), opinion=OPINION)
        closed = await step(await desks("shift"), "closeIncident", case)
        assert closed["state"] == "CLOSED"
        await _unmasked(desks, secret)
        await secret.look(desks)
        await _forward(desks, "2024-12-02T09:00")  # archived
        await secret.look(desks)
        await _streamed(consoles, centre, secret)


async def _live_row(desks: Desks, secret: _Secret) -> list[Row]:
    document = "query ($id: ID!) { incident(id: $id) { assignments { id version state } } }"
    found = (await (await desks("command")).ask(document, id=secret.id))["incident"]["assignments"]
    return [it for it in found if it["state"] in {"PENDING", "ACCEPTED"}]


async def _streamed(consoles: list[Console], centre: Console, secret: _Secret) -> None:
    """Every stream carried the case to its end, and none of the bureau's the secret; the command centre's did."""
    for console in consoles:
        await console.until(lambda items: secret.no in json.dumps(items) or secret.id in json.dumps(items))
        assert console.faults == []
        secret.kept_from(console.items)
    await centre.until(lambda items: any(it.get("action") == "closeIncident" for it in items))
    told = json.dumps(centre.items, ensure_ascii=False)
    assert WORDS in told
    assert secret.reporter in told
