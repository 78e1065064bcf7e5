"""What one run measures: groups of sides, each group in rounds of its own."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson

from bench.query import documents
from bench.query.answers import first_request, post, same, steady, uuid_of
from bench.query.load import MARK, raw_request, write_requests
from bench.query.process import BenchError, Server
from bench.query.rounds import Side, measure
from bench.query.sides import Sides
from bench.query.stores import STORES, VIEWERS, WRITES, Store, Stores
from bench.query.tokens import tokens

COMMAND, HOUSING = VIEWERS
SLOW = 2
Group = dict[str, Side]
Callers = dict[tuple[Store, str], list[str]]


class Run:
    """One run over prepared stores; what it found lies in `groups`."""

    def __init__(self, stores: Stores, *, rounds: int, seconds: float) -> None:
        self._stores, self._rounds, self._seconds = stores, rounds, seconds
        self._folder = stores.folder / "requests"
        self._folder.mkdir(exist_ok=True)
        self.groups: dict[str, Group] = {}

    async def reads(self, name: str) -> None:
        """The nested page and the single case beside every peer, then the page at half its saturating load."""
        callers: Callers = {
            (store, it): await self._tokens(store, name, it) for store in STORES for it in VIEWERS
        }
        with self._sides() as sides:
            ours = {store: sides.ours(store, name) for store in STORES}
            first = callers["sqlite", COMMAND], callers["sqlite", HOUSING]
            read = (_names(ours["sqlite"], mine[0]) for mine in first)
            self._stores.give_people(name, dict(zip(VIEWERS, read, strict=True)))
            mercurius = {store: sides.mercurius(store, name) for store in STORES}
            page, single = Group(), Group()
            for store in STORES:
                mine, peer = ours[store], mercurius[store]
                unready, fallback = (
                    sides.ours(store, name, ready=False),
                    sides.ours(store, name, compiled=False),
                )
                self._page(page, store, (mine, unready, peer, fallback), callers)
                self._single(single, store, (mine, peer), callers[store, COMMAND], self._stores.numbers(name))
            self._others(page, sides, name)
            sides.freeze_all()
            self._measure("page", page)
            self._measure("single", single)
            halves = [page[f"{store}: ours"].at_share(0.5) for store in STORES]
            control = page["ready-made"].at_rate(max(it.rate for it in halves))
            self._measure("half", {it.name: it for it in (*halves, control)})

    def _page(
        self, page: Group, store: Store, servers: tuple[Server, Server, Server, Server], callers: Callers
    ) -> None:
        ours, unready, mercurius, fallback = servers
        for viewer, tail in ((COMMAND, ""), (HOUSING, f", as {HOUSING}")):
            requests = f"page-{store}-{viewer}", [_body(documents.PAGE)], callers[store, viewer], viewer
            first = self._side(page, f"{store}: ours{tail}", ours, *requests)
            self._side(page, f"{store}: Mercurius{tail}", mercurius, *requests, beside=first)
            self._side(page, f"{store}: ours, nothing kept ready{tail}", unready, *requests, beside=first)
            if not tail:
                self._side(page, f"{store}: our fallback", fallback, *requests, beside=first).patience = SLOW

    def _single(
        self,
        single: Group,
        store: Store,
        servers: tuple[Server, Server],
        callers: Sequence[str],
        numbers: Sequence[str],
    ) -> None:
        bodies = [_body(documents.SINGLE, no=it) for it in numbers]
        requests = f"single-{store}", bodies, callers, COMMAND
        first = self._side(single, f"{store}: ours", servers[0], *requests)
        self._side(single, f"{store}: Mercurius", servers[1], *requests, beside=first)

    def _others(self, page: Group, sides: Sides, name: str) -> None:
        """PostGraphile, and our bytes ready-made."""
        first = page["postgres: ours"]
        asked = "postgraphile", [_body(documents.POSTGRAPHILE_PAGE)], [""], COMMAND
        self._side(page, "postgres: PostGraphile", sides.postgraphile(name), *asked, beside=first)
        bytes_ = self._folder / "ready.json"
        bytes_.write_bytes(first.said)
        page["ready-made"] = Side("ready-made", sides.ready(bytes_), first.requests, first.said, bytes_)

    async def ends(self, name: str) -> None:
        """The first page and the last of the largest store."""
        group = Group()
        with self._sides() as sides:
            for store in STORES:
                callers, server = await self._tokens(store, name, COMMAND), sides.ours(store, name)
                for label, document in (("first", documents.PAGE), ("last", documents.LAST_PAGE)):
                    asked = f"{label}-{store}", [_body(document)], callers, COMMAND
                    self._side(group, f"{store}: {label} page", server, *asked)
            sides.freeze_all()
            self._measure("ends", group)

    async def writes(self, name: str) -> None:
        """Our whole command beside a stock resolver that inserts two rows, on copies made for it."""
        group = Group()
        self._stores.copy_for_writes(name)
        self._stores.anew("stock")
        with self._sides() as sides:
            for store in STORES:
                callers, ours = await self._tokens(store, WRITES, "acceptor"), sides.ours(store, WRITES)
                whole = [_body(documents.REPORT, input=documents.report_input())]
                self._side(group, f"{store}: ours", ours, f"report-{store}", whole, callers, COMMAND)
                stock = sides.stock(store, "stock")
                for label, field in (("stock", "report"), ("stock, log without order", "reportUnordered")):
                    rows = [_body(documents.STOCK_REPORT % field, input=documents.CASE)]
                    self._side(
                        group, f"{store}: {label}", stock, f"stock-{field}-{store}", rows, [""], COMMAND
                    )
            sides.freeze_all()
            self._measure("writes", group)

    def _side(
        self,
        group: Group,
        name: str,
        server: Server,
        file: str,
        bodies: Sequence[dict[str, Any]],
        callers: Sequence[str],
        viewer: str,
        *,
        beside: Side | None = None,
    ) -> Side:
        """Add a side once its answer is known to be right; one request alone must always answer the same."""
        requests = write_requests(self._folder / f"{file}.http", bodies, callers, viewer)
        said, again = steady(server.port, first_request(requests))
        varied = len(bodies) > 1 or MARK in first_request(requests)
        if beside and not same(beside.said, said):
            raise BenchError(
                f"{name} serves other data than {beside.name}: {said[:600]!r} {beside.said[:600]!r}"
            )
        expected = self._folder / f"{server.name}-{file}.json" if again and not varied else None
        if expected:
            expected.write_bytes(said)
        group[name] = Side(name, server, requests, said, expected)
        return group[name]

    async def _tokens(self, store: Store, name: str, username: str) -> list[str]:
        return await tokens(self._stores.url(store, name), username)

    def _measure(self, title: str, group: Group) -> None:
        sys.stderr.write(f"{title}\n")
        measure(list(group.values()), self._stores.postgres, rounds=self._rounds, seconds=self._seconds)
        self.groups[title] = group

    @contextmanager
    def _sides(self) -> Iterator[Sides]:
        sides = Sides(self._stores)
        try:
            yield sides
        finally:
            sides.close()


def _body(document: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON can say
    return {"query": document, "variables": variables}


def _names(server: Server, token: str) -> dict[str, str]:
    """Every person's name as the holder of the token reads it, by uuid."""
    found: dict[str, str] = {}
    after: str | None = None
    while True:
        raw = raw_request(_body(documents.PEOPLE, after=after), token, COMMAND)
        page = orjson.loads(post(server.port, raw))["data"]["people"]
        found |= {uuid_of(it["id"]): it["name"] for it in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
