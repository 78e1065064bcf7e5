"""Who may know and decide what: a complaint about the handler's own bureau (R81), four eyes, posts that end (B.5)."""

import json
import time
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.acceptance.desks import (
    GIVEN,
    Desks,
    Row,
    accepted,
    answered,
    appointed,
    asked_in_vain,
    checked,
    dispatched,
    in_checking,
    mutation_of,
    newcomer,
    posted,
    refusal,
    refused,
    report,
    step,
    submitted,
    why,
)
from tests.acceptance.town import PASSWORD, Console, Desk

# Everything of a case that can be selected, nested as deep as it goes.
WHOLE = """id no title content address maskedFields
  reporter { id name } complainant { id name phone } media { id url sha256 }
  grid { workers { id } } notes { author { id name } text }
  history(first: 9) { nodes { actor { id name } incident { content reporter { id name } } } }"""
NESTED = f"{WHOLE} assignments {{ id incident {{ {WHOLE} }} }}"
EVENT = f"""__typename ... on FeedEvent {{ kind action summary actor {{ id name }} incident {{ {WHOLE} }}
  assignment {{ id incident {{ {WHOLE} }} }} }}"""
FEED = f"subscription {{ feed {{ {EVENT} }} }}"
CHANGED = f"subscription ($id: ID!) {{ incidentChanged(id: $id) {{ {EVENT} }} }}"
ROW = f"assignment {{ id incident {{ {WHOLE} }} }}"
QUEUE = f"""subscription {{ departmentQueue(first: 20) {{ __typename
  ... on QueueSnapshot {{ items {{ id incident {{ {WHOLE} }} }} complete }}
  ... on QueueEntered {{ {ROW} }} ... on QueueChanged {{ {ROW} }} }} }}"""
BY_ID = f"query ($id: ID!) {{ incident(id: $id) {{ {NESTED} }} }}"
BY_NODE = f"query ($id: ID!) {{ node(id: $id) {{ ... on Incident {{ {NESTED} }} }} }}"
BY_ROW = f"query ($id: ID!) {{ node(id: $id) {{ ... on Assignment {{ id incident {{ {NESTED} }} }} }} }}"
BY_LIST = (
    f"query ($no: String!) {{ incidents(first: 5, where: {{no: {{eq: $no}}}}) {{ nodes {{ {NESTED} }} }} }}"
)
BY_QUEUE = f"""query ($no: String!) {{ assignments(first: 5, where: {{incidentNo: {{eq: $no}}}}) {{
  nodes {{ id incident {{ {NESTED} }} }} }} }}"""
EVENTS = f"query ($id: ID!) {{ events(first: 20, filter: {{incidentId: $id}}) {{ nodes {{ {EVENT} }} }} }}"
SEARCH = "query ($search: String!) { incidents(first: 5, search: $search) { totalCount nodes { no } } }"
BY_REPORTER = (
    "query ($id: ID!) { incidents(first: 5, where: {reporter: {eq: $id}}) { totalCount nodes { no } } }"
)


class _Complaint:
    """A volunteer's complaint about the housing bureau that the housing bureau has to handle, and its secrets."""

    def __init__(self, incident: Row, row: Row, seen: Row, picture: str, name: str) -> None:
        self.incident, self.row, self.picture = incident, row, picture
        self.reporter = seen["reporter"]["id"]
        self.complainant = seen["complainant"]["id"]
        self.words = "收费后一直不修"
        (media,) = seen["media"]
        self.url = media["url"]
        self.secrets = [
            *(name, seen["reporter"]["id"], seen["reporter"]["name"], seen["complainant"]["id"]),
            *("赵立秋", "赵*", "13998765432", "139****5432", self.words),
            *(media["id"], media["sha256"], media["url"]),
        ]

    def kept_from(self, shown: object) -> None:
        """Fail when any secret is in what was shown."""
        text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
        assert [secret for secret in self.secrets if secret in text] == []
        assert self.incident["no"] in text or self.row["id"] in text or "errors" in text


async def _complained(desks: Desks) -> _Complaint:
    volunteer = await desks("volunteer")
    picture = await volunteer.upload("purple")
    incident, row = await _reported_about(desks, volunteer, picture)
    seen = (await (await desks("acceptor")).ask(BY_ID, id=incident["id"]))["incident"]
    name = (await volunteer.ask("{ viewer { displayName } }"))["viewer"]["displayName"]
    return _Complaint(incident, row, seen, picture, name)


async def _reported_about(desks: Desks, volunteer: Desk, picture: str) -> tuple[Row, Row]:
    """As a person may: reported by the volunteer, filed and dispatched by the command centre."""
    incident = await report(
        volunteer,
        source="VOLUNTEER_MP",
        kind="COMPLAINT",
        title="反映维修服务问题",
        content="住建局维修人员收费后一直不修，态度很差。",
        complainant={"name": "赵立秋", "phone": "13998765432"},
        complainedOrgUnitId=await desks.unit("GCL-ZJJ"),
        mediaIds=[picture],
    )
    filing = {"urgency": "NORMAL", "categoryCode": GIVEN["categoryCode"]}
    incident = await step(await desks("acceptor"), "fileIncident", incident, **filing)
    made = await (await desks("dispatcher")).do(
        "dispatchIncident",
        "incident { id no version state } assignments { id version }",
        id=incident["id"],
        expectedVersion=incident["version"],
        mode="SINGLE",
        leads=[await desks.unit("GCL-ZJJ")],
        basis="部门职责",
    )
    return made["incident"], made["assignments"][0]


async def test_whoever_handles_a_complaint_about_its_own_bureau_reads_no_identity_by_any_query(
    desks: Desks,
) -> None:
    case, housing = await _complained(desks), await desks("housing")
    read = await housing.ask(BY_ID, id=case.incident["id"])
    shown = read["incident"]
    assert (shown["content"], shown["reporter"], shown["complainant"], shown["media"]) == (
        None,
        None,
        None,
        [],
    )
    assert {"complainant", "reporter", "content", "media"} <= set(shown["maskedFields"])
    case.kept_from(read)
    for document in (BY_NODE, EVENTS):
        case.kept_from(await housing.ask(document, id=case.incident["id"]))
    case.kept_from(await housing.ask(BY_ROW, id=case.row["id"]))
    for document in (BY_LIST, BY_QUEUE):
        case.kept_from(await housing.ask(document, no=case.incident["no"]))


async def test_neither_search_nor_filter_tells_what_is_kept_from_the_reader(desks: Desks) -> None:
    case, housing, acceptor = await _complained(desks), await desks("housing"), await desks("acceptor")
    found = (await acceptor.ask(SEARCH, search=case.words))["incidents"]["nodes"]
    assert {"no": case.incident["no"]} in found
    assert (await housing.ask(SEARCH, search=case.words))["incidents"] == {"totalCount": 0, "nodes": []}
    assert {"no": case.incident["no"]} in (await housing.ask(SEARCH, search="反映维修"))["incidents"]["nodes"]
    own = (await acceptor.ask(BY_REPORTER, id=case.reporter))["incidents"]["nodes"]
    assert {"no": case.incident["no"]} in own
    theirs = (await housing.ask(BY_REPORTER, id=case.reporter))["incidents"]["nodes"]
    assert {"no": case.incident["no"]} not in theirs
    for search in (case.words, "赵立秋", "13998765432"):
        both = f'no: {{eq: "{case.incident["no"]}"}}'
        document = (
            f"query ($s: String!) {{ incidents(first: 1, search: $s, where: {{{both}}}) {{ totalCount }} }}"
        )
        assert (await housing.ask(document, s=search))["incidents"] == {"totalCount": 0}


async def test_no_file_node_or_unmasking_opens_what_is_kept_from_the_reader(desks: Desks) -> None:
    case, housing, acceptor = await _complained(desks), await desks("housing"), await desks("acceptor")
    for desk, status in ((acceptor, 200), (await desks("volunteer"), 200), (housing, 404)):
        answer = await desk.http.get(
            f"http://{desk.address}{case.url}", headers={"Authorization": f"Bearer {desk.token}"}
        )
        assert answer.status_code == status
    for hidden in (case.picture, case.complainant):
        assert await housing.ask("query ($id: ID!) { node(id: $id) { id } }", id=hidden) == {"node": None}
    named = {"id": case.incident["id"], "expectedVersion": case.incident["version"]}
    for field in ("COMPLAINANT_NAME", "COMPLAINANT_PHONE"):
        asked = {"idempotencyKey": str(uuid4()), **named, "field": field, "reason": "联系诉求人"}
        answer = await posted(housing, mutation_of("unmaskField", "value"), input=asked)
        assert why(refusal(answer)) == ("FORBIDDEN", None)
        case.kept_from(answer.text)
    wrong = await posted(housing, mutation_of("addNote", "note { id }"), input={**named, "text": ""})
    case.kept_from(wrong.text)


async def _story(desks: Desks, case: _Complaint) -> None:
    """The bureau works on the case while its streams are open."""
    housing = await desks("housing")
    noted = {"id": case.incident["id"], "expectedVersion": case.incident["version"], "text": "请尽快办理"}
    await (await desks("acceptor")).do("addNote", "note { id }", **noted)
    case.kept_from(await _payloads(housing, case))


async def _payloads(housing: Desk, case: _Complaint) -> list[Any]:
    """What the bureau's own commands answer."""
    row, shown = case.row, []
    for mutation, given in (
        ("acceptAssignment", {}),
        ("recordFirstContact", {"channel": "PHONE"}),
        (
            "submitResult",
            {"outcome": "SOLVED", "resultText": "已处理。", "noContactReason": "投诉人身份保密"},
        ),
    ):
        selection = f"assignment {{ id version incident {{ {WHOLE} }} }} incident {{ {NESTED} }}"
        named = {"id": row["id"], "expectedVersion": row["version"], **given}
        made = await housing.do(mutation, selection, **named)
        row = made["assignment"]
        shown.append(made)
    return shown


async def test_no_stream_carries_what_is_kept_from_the_reader(desks: Desks) -> None:
    housing = await desks("housing")
    async with housing.watch(FEED) as feed, housing.watch(QUEUE) as queue:
        await feed.until(bool)
        await queue.until(bool)
        case = await _complained(desks)
        async with housing.watch(CHANGED, id=case.incident["id"]) as changed:
            await changed.until(bool)
            await _story(desks, case)
            for console in (feed, changed):
                await console.until(_submitted)
        await queue.until(lambda items: case.row["id"] in json.dumps(items))
        for console in (feed, queue, changed):
            assert console.faults == []
            case.kept_from(console.items)


def _submitted(items: list[Row]) -> bool:
    return any(it.get("action") == "submitResult" for it in items)


async def test_who_checks_never_worked_for_the_unit_that_handled(desks: Desks) -> None:
    both = await newcomer(desks, "INSPECTOR")
    person = {"id": (await both.ask("{ viewer { id } }"))["viewer"]["id"]}
    await appointed(desks, person, "HANDLER", orgUnitId=await desks.unit("GCL-ZJJ"))
    incident = await in_checking(desks)
    result = {"id": incident["id"], "expectedVersion": incident["version"], "result": "PASS", "note": "好"}
    assert (await refused(both, "recordCheck", **result))[0] == "VERIFIER_IS_HANDLER"
    _, row = await dispatched(desks)
    housing = await desks("housing")
    handed_in = await submitted(housing, await accepted(housing, row))
    asked = {"id": handed_in["id"], "expectedVersion": handed_in["version"]}
    with desks.nothing_changes():
        own = await refused(
            await desks("acceptor"), "requestCheck", **asked, inspectorOrgUnitId=await desks.unit("GCL-ZJJ")
        )
        assert own == ("VERIFIER_IS_HANDLER", "inspectorOrgUnitId")


async def test_who_asked_the_complainant_or_checked_the_place_does_not_close_the_case(desks: Desks) -> None:
    three = await newcomer(desks, "INSPECTOR", "CALLBACK", "SHIFT_LEADER")
    asked = await answered(three, await checked(await desks("inspector"), await in_checking(desks)))
    named = {"id": asked["id"], "expectedVersion": asked["version"]}
    with desks.nothing_changes():
        assert await refused(three, "closeIncident", **named) == ("FORBIDDEN", None)
    assert (await step(await desks("shift"), "closeIncident", asked))["state"] == "CLOSED"
    nobody = {"complainant": {"confidentiality": "ANONYMOUS"}}
    passed = await checked(three, await _checking_without_follow_up(desks, **nobody))
    assert passed["state"] == "CHECKING"
    named = {"id": passed["id"], "expectedVersion": passed["version"]}
    with desks.nothing_changes():
        assert await refused(three, "closeIncident", **named) == ("FORBIDDEN", None)
    assert (await step(await desks("shift"), "closeIncident", passed))["state"] == "CLOSED"


async def _checking_without_follow_up(desks: Desks, **given: Any) -> Row:
    _, row = await dispatched(desks, **given)
    housing = await desks("housing")
    handed_in = await submitted(housing, await accepted(housing, row), followUp=None)
    return await step(await desks("acceptor"), "requestCheck", handed_in)


async def _ends(console: Console, reason: str) -> None:
    """The stream says why it ends within 5 s, and nothing after."""
    began = time.monotonic()
    await console.until(lambda items: items[-1]["__typename"] == "FeedRevoked", 5)
    assert time.monotonic() - began < 5
    assert console.items[-1]["revoked"] == reason


REVOKED = "... on FeedRevoked { revoked resumeAt }"
WATCHING = f"subscription {{ feed {{ __typename ... on FeedEvent {{ incident {{ no }} }} {REVOKED} }} }}"


async def _post_of(desks: Desks, desk: Desk) -> Row:
    person = (await desk.ask("{ viewer { id } }"))["viewer"]["id"]
    document = "query ($id: ID!) { node(id: $id) { ... on Person { posts { id version } } } }"
    (post,) = (await (await desks("admin")).ask(document, id=person))["node"]["posts"]
    found: Row = post
    return found


async def test_the_end_of_a_post_ends_the_stream_it_gave(desks: Desks) -> None:
    desk = await newcomer(desks, "SUPERVISOR")
    post = await _post_of(desks, desk)
    async with desk.watch(WATCHING) as console, (await desks("command")).watch(WATCHING) as other:
        await console.until(bool)
        await other.until(bool)
        ended = {"id": post["id"], "expectedVersion": post["version"]}
        await (await desks("admin")).do("endPost", "post { endsAt }", **ended)
        await _ends(console, "RIGHTS_CHANGED")
        incident = await report(await desks("acceptor"))
        await other.until(lambda items: {"no": incident["no"]} in [it.get("incident") for it in items])
        assert incident["no"] not in json.dumps(console.items)
        assert console.closed is None  # the session lives on, with fewer rights
    read = "query ($id: ID!) { incident(id: $id) { no } }"
    assert await asked_in_vain(desk, read, id=incident["id"]) == ("NOT_FOUND", "id")


async def test_a_post_with_an_end_ends_by_itself(desks: Desks) -> None:
    command = await desks("command")
    board = datetime.fromisoformat((await command.ask("{ board { at } }"))["board"]["at"])
    desk = await newcomer(desks, "SUPERVISOR", endsAt=(board + timedelta(seconds=4)).isoformat())
    async with desk.watch(WATCHING) as console:
        await console.until(bool)
        await console.until(lambda items: items[-1]["__typename"] == "FeedRevoked", 9)
        assert console.items[-1]["revoked"] == "RIGHTS_CHANGED"


async def test_a_post_with_a_later_beginning_gives_its_rights_to_open_sockets_by_itself(desks: Desks) -> None:
    command = await desks("command")
    board = datetime.fromisoformat((await command.ask("{ board { at } }"))["board"]["at"])
    desk = await newcomer(desks, "SUPERVISOR", startsAt=(board + timedelta(seconds=4)).isoformat())
    assert (await desk.ask("{ viewer { roles } }"))["viewer"]["roles"] == []
    async with desk.watch(WATCHING) as console:
        await console.until(bool)
        await console.until(lambda items: items[-1]["__typename"] == "FeedRevoked", 9)
        assert console.items[-1]["revoked"] == "RIGHTS_CHANGED"
    assert (await desk.ask("{ viewer { roles } }"))["viewer"]["roles"] == ["SUPERVISOR"]


async def test_somebody_without_any_post_changes_the_own_password(desks: Desks) -> None:
    desk = await newcomer(desks)
    given = {"oldPassword": PASSWORD, "newPassword": "Another-pass-1"}
    assert (await desk.do("changePassword", "person { version }", **given))["person"]["version"] == 2


@pytest.mark.parametrize("how", ["signOut", "resetPassword"])
async def test_the_end_of_a_session_ends_its_streams_and_closes_its_socket(desks: Desks, how: str) -> None:
    desk = await newcomer(desks, "SUPERVISOR")
    async with desk.watch(WATCHING) as console:
        await console.until(bool)
        if how == "signOut":
            await desk.ask("mutation { signOut { signedOut } }")
        else:
            person = (await desk.ask("{ viewer { id } }"))["viewer"]["id"]
            read = "query ($id: ID!) { node(id: $id) { ... on Person { version } } }"
            version = (await (await desks("admin")).ask(read, id=person))["node"]["version"]
            named = {"id": person, "expectedVersion": version, "newPassword": "Another-pass-1"}
            await (await desks("admin")).do("resetPassword", "person { id }", **named)
        await _ends(console, "SESSION_ENDED")
        await console.until(lambda _: console.closed is not None, 5)
        assert console.closed == 4403
    assert await asked_in_vain(desk, "{ viewer { id } }") == ("UNAUTHENTICATED", None)


async def test_the_three_administrators_are_three_persons_and_only_one_makes_posts(desks: Desks) -> None:
    desk = await newcomer(desks, "SYS_ADMIN")
    person = (await desk.ask("{ viewer { id } }"))["viewer"]["id"]
    read = "query ($id: ID!) { node(id: $id) { ... on Person { version } } }"
    version = (await (await desks("admin")).ask(read, id=person))["node"]["version"]
    named = {"id": person, "expectedVersion": version, "orgUnitId": await desks.unit("GCL-CMD")}
    with desks.nothing_changes():
        for kind in ("AUDIT_ADMIN", "SEC_ADMIN"):
            assert (await refused(await desks("admin"), "assignPost", **named, type=kind))[
                0
            ] == "GUARD_FAILED"
        for username in ("command", "acceptor", "housing", "auditor", "resident"):
            desk = await desks(username)
            code = await refused(desk, "assignPost", **named, type="CALLBACK")
            assert code[0] in {"FORBIDDEN", "NOT_FOUND"}
