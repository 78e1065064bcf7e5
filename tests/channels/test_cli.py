"""The command line and the server process: what a person types, what it says, how it starts and stops."""

import asyncio
import contextlib
import socket
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx2
import pytest

import cli
from tests import servers
from tests.channels import exports
from tests.channels.house import DATA_KEYS, House, lay_ground, report
from tests.text_rules import ROOT

STORY = "2024-10-24T08:30+08:00"


@pytest.fixture
def house(sqlite_store_url: str, tmp_path: Path) -> House:
    return House(tmp_path, sqlite_store_url)


@pytest.fixture
async def open_house(house: House, sqlite_store_url: str) -> AsyncIterator[House]:
    await lay_ground(sqlite_store_url)
    await house.start()
    yield house
    await house.end()
    assert "Traceback" not in house.log(), house.log()


async def test_the_first_administrator_is_created_and_may_create_people(house: House) -> None:
    status, said, _ = await house.run("admin", "create", "boss", given="Fengqiao-first-1\n")
    assert (status, said) == (0, "已创建 created: boss\n")
    status, _, complained = await house.run("admin", "create", "boss", given="Fengqiao-first-1\n")
    assert status == 1
    assert "用户名已存在 The username is taken [BAD_INPUT] (username)" in complained
    status, _, complained = await house.run("admin", "create", "other", given="short\n")
    assert (status, "password" in complained) == (1, True)
    await house.start()
    try:
        async with httpx2.AsyncClient() as http:
            query = 'mutation { signIn(input: {username: "boss", password: "Fengqiao-first-1"}) { viewer { roles } } }'
            answer = await http.post(f"{house.url}/graphql", json={"query": query})
        assert answer.json()["data"]["signIn"]["viewer"]["roles"] == ["SYS_ADMIN"]
    finally:
        assert await house.end() in {0, -15}


async def test_an_empty_folder_becomes_a_store_with_its_keys(tmp_path: Path) -> None:
    house = House(tmp_path, "sqlite://var/fengqiao.db", FENGQIAO_SECRET_KEY="", FENGQIAO_DATA_KEYS="")
    status, said, complained = await house.run("migrate")
    assert status == 0, complained
    assert "0001_initial" in said
    assert (await house.run("migrate"))[1] == "已是最新 up to date\n"
    assert (tmp_path / "var/fengqiao.db").exists()
    assert (await house.run("check"))[1] == "0 条，链完整 the chain holds\n"
    assert (tmp_path / "var/data.keys").stat().st_mode & 0o077 == 0


async def test_cases_are_imported_from_the_command_line(house: House, tmp_path: Path) -> None:
    file = exports.export(tmp_path, exports.row(1), exports.row(2, unit=""))
    words = ("import", "cases", str(file), "--mapping", str(exports.mapping(tmp_path)))
    status, said, complained = await house.run(*words)
    assert status == 0, complained
    assert "读取 read 2：导入 imported 1，已有 known 0，退回 rejected 1 → export.csv.rejects.csv" in said
    assert "1 × unit: 为空 empty" in said
    assert (tmp_path / "export.csv.rejects.csv").exists()
    status, _, complained = await house.run(*words[:-1], "absent.toml")
    assert (status, complained) == (1, "fengqiao: absent.toml: No such file or directory\n")


async def test_the_test_clock_is_forwarded_only_where_there_is_one(house: House) -> None:
    status, _, complained = await house.run("clock", "forward", "2d")
    assert (status, "FEATURE_DISABLED" in complained) == (1, True)
    status, said, complained = await house.run("clock", "forward", "2d", FENGQIAO_CLOCK=STORY)
    assert status == 0, complained
    assert said.startswith("2024-10-26T08:30:0")
    assert (await house.run("clock", "forward", "--to", "2024-11-01T08:00"))[
        1
    ] == "2024-11-01T08:00:00+08:00\n"
    status, _, complained = await house.run("clock", "forward", "--to", "2024-10-01T08:00")
    assert (status, "只能拨快" in complained) == (1, True)
    far = (("9" * 20 + "d",), ("9" * 9 + "d",), ("--to", "0001-01-01"))
    for wrong in (("2x",), (), ("2d", "--to", "2024-12-01"), *far):
        status, _, complained = await house.run("clock", "forward", *wrong)
        assert status == 2, complained
        assert "Traceback" not in complained


async def test_a_console_without_a_usable_address_says_so(house: House) -> None:
    status, _, complained = await house.run("watch", "--as", "command", "--url", "nowhere")
    assert (status, complained.count("\n")) == (1, 1)
    assert "http://host:port" in complained


async def test_a_fault_of_the_platform_itself_is_a_sentence_too(tmp_path: Path) -> None:
    (tmp_path / "junk.db").write_bytes(b"no database at all" * 999)
    status, _, complained = await House(tmp_path, "sqlite://junk.db").run("check")
    assert (status, complained.count("\n")) == (1, 1)
    assert complained.startswith("fengqiao: ")


async def test_a_server_that_cannot_start_ends(house: House) -> None:
    await house.run("migrate")
    with (
        contextlib.closing(
            sqlite3.connect(house.environment["FENGQIAO_DATABASE_URL"].removeprefix("sqlite://"))
        ) as store,
        store,
    ):
        store.execute("DROP TABLE event_log")
    status, _, complained = await house.run("serve")
    assert status != 0
    assert "startup failed" in complained


async def test_another_store_s_data_keys_are_refused_before_anything_is_sealed_with_them(
    house: House,
) -> None:
    await house.run("admin", "create", "boss", given="Fengqiao-first-1\n")
    name, key = DATA_KEYS.split(":")
    for keys in (f"{name}:" + "B" * 43 + "=", f"other:{key}"):
        for words in (("serve",), ("demo",), ("admin", "create", "other")):
            status, _, complained = await house.run(
                *words, given="Fengqiao-first-1\n", FENGQIAO_DATA_KEYS=keys
            )
            assert (status, complained.count("\n")) == (1, 1), complained
            assert "FENGQIAO_DATA_KEYS does not open" in complained
            assert key not in complained
    rotated = "new:" + "B" * 43 + "=," + DATA_KEYS
    assert (await house.run("check", FENGQIAO_DATA_KEYS=rotated))[0] == 0


def test_a_password_typed_at_a_terminal_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"unseen after {prompt}")
    assert cli.asked_password() == "unseen after 密码 password: "


async def test_the_schema_is_printed_as_it_is_committed(house: House) -> None:
    status, said, _ = await house.run("schema")
    assert status == 0
    assert said == (ROOT / "schema.graphql").read_text(encoding="utf-8")


async def test_what_is_wrong_is_said_in_one_sentence_without_a_trace(house: House) -> None:
    wrong: list[tuple[tuple[str, ...], dict[str, str], str]] = [
        (("serve",), {"FENGQIAO_CLOCK": "tomorrow"}, "FENGQIAO_CLOCK: write <ISO start>"),
        (("serve",), {"FENGQIAO_WORKERS": "2"}, "FENGQIAO_WORKERS above 1 needs"),
        (("serve",), {"FENGQIAO_ENV": "production", "FENGQIAO_DEMO": "1"}, "FENGQIAO_DEMO is refused"),
        (("check",), {"FENGQIAO_DATABASE_URL": "oracle://x"}, "FENGQIAO_DATABASE_URL"),
    ]
    for words, settings, sentence in wrong:
        status, _, complained = await house.run(*words, **settings)
        assert status == 1
        assert complained.startswith("fengqiao: ")
        assert sentence in complained
        assert complained.count("\n") == 1


async def test_a_port_in_use_is_named(house: House) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", house.port))
        taken.listen()
        status, _, complained = await house.run("serve")
    assert status == 1
    assert f"127.0.0.1:{house.port}" in complained
    assert "Traceback" not in complained


async def test_without_postgresql_serve_ends_within_fifteen_seconds_and_keeps_the_password(
    house: House,
) -> None:
    began = time.monotonic()
    url = f"postgres://someone:topsecret@127.0.0.1:{servers.free_port()}/none"
    status, _, complained = await house.run("serve", FENGQIAO_DATABASE_URL=url)
    assert status == 1
    assert time.monotonic() - began < 20
    assert "PostgreSQL" in complained
    assert "topsecret" not in complained


async def test_a_server_answers_whether_it_lives_is_ready_and_how_it_fares(open_house: House) -> None:
    async with httpx2.AsyncClient(base_url=open_house.url) as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        ready = await http.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        numbers = (await http.get("/metrics")).text
        assert "fengqiao_feed_lag_seconds" in numbers
        assert "process_resident_memory_bytes" in numbers
        assert "server" not in ready.headers


async def test_a_command_in_flight_is_finished_when_the_server_stops(open_house: House) -> None:
    acceptor = await open_house.signed_in("acceptor")
    keys = [f"00000000-0000-4000-8000-{number:012d}" for number in range(20)]
    asked = [asyncio.create_task(report(acceptor, key)) for key in keys]
    await asyncio.sleep(0.15)
    await open_house.end()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    told = {it["no"] for it in answers if isinstance(it, dict)}
    await open_house.start()
    again = await open_house.signed_in("acceptor")
    repeated = {(await report(again, key))["no"] for key in keys}
    assert told <= repeated
    assert len(repeated) == len(keys), "each case once, whether its answer arrived or not"


async def test_when_the_store_is_lost_the_server_is_not_ready_but_lives_on(
    postgres_store_url: str, postgres_admin: asyncpg.Connection, tmp_path: Path
) -> None:
    house = House(tmp_path, postgres_store_url)
    await house.start()
    try:
        await servers.end_sessions(postgres_admin, postgres_store_url)
        async with httpx2.AsyncClient(base_url=house.url, timeout=10) as http:
            assert (await http.get("/healthz")).status_code == 200
            async with asyncio.timeout(15):
                while (await http.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - another process mends itself
                    await asyncio.sleep(0.1)
    finally:
        await house.end()


async def test_two_workers_serve_one_port(
    postgres_store_url: str, redis_server: servers.RedisServer, tmp_path: Path
) -> None:
    await lay_ground(postgres_store_url)
    house = House(tmp_path, postgres_store_url, FENGQIAO_WORKERS="2", FENGQIAO_BROADCAST_URL=redis_server.url)
    await house.start()
    try:
        acceptor = await house.signed_in("acceptor")
        numbers = {(await report(acceptor, f"00000000-0000-4000-8000-{n:012d}"))["no"] for n in range(6)}
        assert len(numbers) == 6
    finally:
        await house.end()
    assert house.log().count("[fengqiao.server] process=") == 4, "two were serving and have stopped"
