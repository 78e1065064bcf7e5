"""The people of a run: who is signed in where, what they may see when, and how they lose it."""

import asyncio
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import httpx2
from PIL import Image

from tests.feed_rig.ids import key_of
from tests.feed_rig.record import Rights, Row, Standing, Window
from tests.feed_rig.site import Site

PASSWORD = "Fengqiao-demo-1"
AGAIN = frozenset({"UNAVAILABLE", "RATE_LIMITED"})  # the server asks to try again
_TRIES = 10
_SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"
_PERSON = "query ($id: ID!) { node(id: $id) { ... on Person { id version posts { id version endsAt } } } }"


class RefusedError(Exception):
    """An answer with errors; `code` is the first one's."""

    def __init__(self, errors: list[Row]) -> None:
        super().__init__(str(errors))
        self.code = str(errors[0].get("extensions", {}).get("code"))


@dataclass(slots=True)
class Person:
    """One account. `session` counts its sign-ins."""

    username: str
    password: str = PASSWORD
    id: str = ""
    token: str = ""
    session: int = 0
    post: Row = field(default_factory=dict)  # of a newcomer: its type and unit
    standings: list[Standing] = field(default_factory=list)
    signing: asyncio.Lock = field(default_factory=asyncio.Lock)


class People:
    """Everybody, by account; every request goes to one of the servers."""

    def __init__(self, site: Site, rights: Mapping[str, Rights]) -> None:
        self.site = site
        self.rights = dict(rights)
        self.known: dict[str, Person] = {}
        self.ended: dict[tuple[str, int], float] = {}
        self.recusals: dict[tuple[str, str], Window] = {}  # when somebody declared an interest in a case
        self.refused: dict[str, int] = {}

    def person(self, username: str) -> Person:
        """Somebody's account."""
        if username not in self.known:
            self.known[username] = Person(username)
            self.known[username].standings.append(Standing(self.rights[username], time.monotonic()))
        return self.known[username]

    async def token(self, username: str) -> tuple[str, int]:
        """A token, and the number of the sign-in it came from."""
        person = self.person(username)
        async with person.signing:
            if not person.token:
                given = {"username": username, "password": person.password}
                answer = await self.patiently(None, _SIGN_IN, {"input": given})
                person.token, person.session = answer["signIn"]["accessToken"], person.session + 1
        return person.token, person.session

    async def ask(self, username: str | None, document: str, variables: Row, server: int = 0) -> Row:
        """The data of one operation at one server. Raises RefusedError and httpx2.TransportError."""
        headers = {"Authorization": f"Bearer {(await self.token(username))[0]}"} if username else {}
        address = self.site.apis[server % len(self.site.apis)].address
        body = {"query": document, "variables": variables}
        answer = await self.site.http.post(f"http://{address}/graphql", json=body, headers=headers)
        said = answer.json()
        if said.get("errors"):
            refusal = RefusedError(said["errors"])
            self.refused[refusal.code] = self.refused.get(refusal.code, 0) + 1
            raise refusal
        data: Row = said["data"]
        return data

    async def patiently(self, username: str | None, document: str, variables: Row) -> Row:
        """The data of one operation, tried at one server after the other until it is answered."""
        server = 0
        while True:
            try:
                return await self.ask(username, document, variables, server)
            except httpx2.TransportError:
                await asyncio.sleep(0.2)
            except RefusedError as refusal:
                if refusal.code not in AGAIN:
                    raise
                await asyncio.sleep(0.2)
            server += 1

    async def do(self, who: str, mutation: str, selection: str, /, **given: object) -> Row:
        """One command under one key, tried until it is answered."""
        document = mutation_of(mutation, selection)
        answer = await self.patiently(who, document, {"input": {"idempotencyKey": str(uuid4()), **given}})
        made: Row = answer[mutation]
        return made

    async def newcomer(self, username: str, rights: Rights, kind: str, unit: str) -> Person:
        """Somebody with a post of that kind at a unit, who may lose the post and the session."""
        made = await self.do(
            "admin", "createPerson", "person { id version }",
            username=username, name="新同事", orgUnitId=unit, password=PASSWORD,
        )  # fmt: skip
        post = {"type": kind, "orgUnitId": unit}
        person = self.known[username] = Person(username, id=made["person"]["id"], post=post)
        await self._appoint(person)
        self.rights[username] = rights
        person.standings.append(Standing(rights, time.monotonic()))
        return person

    async def lose_post(self, person: Person, seconds: float) -> None:
        """End the person's posts, and give one back a while later."""
        since = time.monotonic()
        for post in (await self._read(person))["posts"]:
            if post["endsAt"] is None:
                await self.do(
                    "admin", "endPost", "post { id }", id=post["id"], expectedVersion=post["version"]
                )
        self._now_has(person, Rights(), since)
        await asyncio.sleep(seconds)
        since = time.monotonic()
        await self._appoint(person)
        self._now_has(person, self.rights[person.username], since)

    async def lose_session(self, person: Person) -> None:
        """End every session of the person by a new password, which is then the person's own."""
        password = f"Fengqiao-{uuid4().hex}"
        version = (await self._read(person))["version"]
        async with person.signing:  # nobody may sign in with a password that is none any more
            await self.do(
                "admin", "resetPassword", "person { id }",
                id=person.id, expectedVersion=version, newPassword=password,
            )  # fmt: skip
            self.ended[person.username, person.session] = time.monotonic()
            person.password, person.token = password, ""

    async def photo(self, username: str) -> str | None:
        """The id of a picture that somebody took; None where it could not be kept."""
        picture = io.BytesIO()
        Image.new("RGB", (8, 8), f"#{uuid4().hex[:6]}").save(picture, "JPEG")
        files = {"file": ("photo.jpg", picture.getvalue(), "image/jpeg")}
        for server in range(_TRIES):
            address = self.site.apis[server % len(self.site.apis)].address
            headers = {"Authorization": f"Bearer {(await self.token(username))[0]}"}
            try:
                answer = await self.site.http.post(f"http://{address}/files/", files=files, headers=headers)
            except httpx2.TransportError:
                await asyncio.sleep(0.2)
            else:
                kept: str | None = answer.json().get("id")
                return kept
        return None

    def declared(self, username: str, case: str, since: float) -> None:
        """Somebody said, between then and now, that they keep out of a case."""
        key = username, key_of(case)
        known = self.recusals.get(key)
        self.recusals[key] = Window(min(since, known.since) if known else since, time.monotonic())

    async def _appoint(self, person: Person) -> None:
        version = (await self._read(person))["version"]
        await self.do(
            "admin", "assignPost", "post { id }",
            id=person.id, expectedVersion=version, **person.post,
        )  # fmt: skip

    async def _read(self, person: Person) -> Row:
        found: Row = (await self.patiently("admin", _PERSON, {"id": person.id}))["node"]
        return found

    @staticmethod
    def _now_has(person: Person, rights: Rights, since: float) -> None:
        """Between the command and its answer either may have been in force."""
        person.standings[-1].until = time.monotonic()
        person.standings.append(Standing(rights, since))


def mutation_of(name: str, selection: str) -> str:
    """The document of one mutation with its input as a variable."""
    return (
        f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {selection} }} }}"
    )
