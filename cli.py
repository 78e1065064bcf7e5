"""The command line: `fengqiao …`, the same as `python -m cli …`. Errors are sentences with a status, never traces."""

import contextlib
import getpass
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import cyclopts
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import server
from api.graphql import sdl
from channels.casefile.loading import import_file, told_by
from channels.casefile.mapping import MappingError, read_mapping
from channels.demo.bulk import load_bulk
from channels.demo.cases import CASES, load_cases
from channels.demo.full import INCIDENTS, load_full
from channels.demo.ground import PASSWORD, load_ground
from channels.demo.replay.door import ClockError, Door
from channels.demo.replay.replaying import replay as replay_cases
from clients.python.session import FeedError, Session
from clients.python.watch import watch as watch_feed
from db import connection, event_log, people, sealed
from db.migrate import MigrationError
from db.migrate import migrate as migrate_store
from db.unit_of_work import settle
from domain.calendar import DISTRICT_TIME
from domain.errors import DomainError
from domain.term import Language
from services import clocks, media
from services.command import SYSTEM, Call, new_id
from services.people import create_admin
from settings import Settings, SettingsError, load

FAILED, MISUSED = 1, 2
HOLDS = "链完整 the chain holds"
TOO_FAR = "时间超出范围 the time is out of range"

app = cyclopts.App(name="fengqiao", help="枫桥 Fengqiao：网格化治理平台 the platform for grid governance")
admin = cyclopts.App(name="admin", help="管理员 administrators")
imports = cyclopts.App(name="import", help="导入 take over data of an earlier system")
clock = cyclopts.App(name="clock", help="测试时钟 the test clock")
for part in (admin, imports, clock):
    app.command(part)

errors = Console(stderr=True, highlight=False, soft_wrap=True)


@app.command
def serve() -> None:
    """启动服务 Serve until stopped; the environment tells where and with what."""
    server.serve(load())


@app.command
async def migrate() -> None:
    """升级数据库 Bring the database up to date."""
    done = await migrate_store(load().database_url)
    print("\n".join(done) if done else "已是最新 up to date")


@app.command
def schema() -> None:
    """输出接口定义 Print the GraphQL schema."""
    print(sdl().strip())


@app.command
async def check() -> None:
    """核对日志链 Verify the event log's chain of hashes, from its first entry to its last."""
    async with store(load()):
        report = await event_log.verify()
    if report.first_broken is not None:
        fail(
            f"日志自第 {report.first_broken} 条起损坏 the log is broken at {report.first_broken}: {report.reason}"
        )
    print(f"{report.checked} 条，{HOLDS}")


@admin.command
async def create(username: str, *, name: str = "系统管理员", password: str | None = None) -> None:
    """新建首个管理员 Create the first administrator; the password is read from the standard input unless given."""
    secret = password or asked_password()
    async with store(load()):
        await create_admin(username, name, secret)
    print(f"已创建 created: {username}")


@app.command
async def demo(*, full: bool = False, cases: int | None = None) -> None:
    """载入演示数据 Load the demo's ground and recent cases; --full the founding case's totals too. It resumes.

    --cases N instead writes N made-up cases of four years straight into the tables of a store without cases,
    to measure at scale: they have no events and no pictures. Refused in production.
    """
    if cases is not None:
        if full:
            fail("--full 与 --cases 不能同用 give --full or --cases, not both", MISUSED)
        await load_data(cases)
        return
    async with store(load()):
        with bar("演示 demo", CASES) as told:
            ground = await load_ground(await clocks.business_now())
            await load_cases(ground, told)
            told(CASES, CASES)
        if full:
            with bar("全量 founding totals", INCIDENTS) as told:
                await load_full(ground, told)
    print("演示数据已就绪 the demo is ready")


async def load_data(count: int) -> None:
    """Load data by the bulk path, unless this is production."""
    settings = load()
    if settings.production:
        fail("生产环境不载入演示数据 load data is refused when FENGQIAO_ENV=production")
    async with store(settings):
        with bar("批量 load data", count) as told:
            new = await load_bulk(count, await clocks.business_now(), told)
    print(
        f"载入 loaded {new}，共 in all {count}；无事件，游标已换新 without events, the feed's cursors are void"
    )


@imports.command
async def cases(
    file: Path, *, mapping: Annotated[Path, Parameter(name="--mapping")], rejects: Path | None = None
) -> None:
    """导入历史案件 Import a CSV of cases by a TOML mapping; rows that cannot be taken go to a file of rejects.

    It may be stopped and started again: nothing is lost and nothing is doubled.
    """
    known = read_mapping(mapping)
    refused = rejects or Path(f"{file.name}.rejects.csv")
    async with store(load()):
        call = Call(SYSTEM, await clocks.business_now(), new_id)
        with bar(file.name, None) as told:
            tally = await import_file(call, file, known, refused, lambda _, done, size: told(done, size))
    print(tally.summary(refused))


@app.command
async def watch(
    *,
    as_: Annotated[str, Parameter(name="--as")],
    url: str | None = None,
    password: str = PASSWORD,
    lines: bool = False,
) -> None:
    """终端控制台 Watch the district (--as command) or a unit's queue (--as housing), live.

    --lines prints one line for each item; so does an output that is no terminal.
    """
    address = url or "http://{0.host}:{0.port}".format(load())
    await watch_feed(Session(address, as_, password), lines=lines or not sys.stdout.isatty())


@app.command
async def replay(
    *,
    speed: float,
    cases: int = 40,
    until: datetime | None = None,
    file: Path | None = None,
    mapping: Path | None = None,
    url: str | None = None,
    password: str = PASSWORD,
    kept: Path = Path("var/replay.json"),
) -> None:
    """重放案件 Send cases through the API as channels and officers would, --speed times as fast as they came.

    The server's clock must run at that speed. Without --file (a CSV, with its --mapping) the demo's cases are sent.
    It may be stopped and started again; where it stands is --kept in a file.
    """
    if (file is None) != (mapping is None) or speed <= 0 or cases < 1:
        fail("须同时给出 --file 与 --mapping，数须大于 0 give both, and numbers above 0", MISUSED)
    address = url or "http://{0.host}:{0.port}".format(load())
    rows = None if file is None or mapping is None else told_by(file, read_mapping(mapping))
    end = None if until is None else in_district(until)
    await replay_cases(Door(address, password), speed, cases, kept, print, rows=rows, until=end)


@clock.command
async def forward(duration: str | None = None, *, to: datetime | None = None) -> None:
    """拨快测试时钟 Forward the test clock by a duration (2d, 3h, 30m) or --to a time, and fire what is due by then."""
    if (duration is None) == (to is None):
        fail("须给出时长或 --to give a duration or --to", MISUSED)
    length = span(duration) if duration else timedelta()
    async with store(load()):
        now = await clocks.business_now()
        target = later(now, length) if duration else in_district(to or now)
        await clocks.forward(Call(SYSTEM, now, new_id), clocks.ForwardClock(to=target))
    print(in_district(target).astimezone(DISTRICT_TIME).isoformat(timespec="seconds"))


@contextlib.asynccontextmanager
async def store(settings: Settings) -> AsyncIterator[None]:
    """The store, migrated and open, with the keys for what is sealed in it."""
    sealed.install_keys(settings.data_keys.get_secret_value())
    media.install(settings.media_dir)
    await migrate_store(settings.database_url)
    await connection.connect(settings.database_url)
    try:
        await people.require_keys()
        if settings.clock:
            await clocks.start_test_clock(settings.clock.start, settings.clock.speed)
        yield
    finally:
        await settle()
        await connection.disconnect()


@contextlib.contextmanager
def bar(title: str, total: int | None) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on the terminal's error stream."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def span(text: str) -> timedelta:
    """A duration such as 2d, 3h or 30m."""
    units = {"d": "days", "h": "hours", "m": "minutes"}
    unit, amount = units.get(text[-1:]), text[:-1]
    if unit is None or not amount.isdecimal():
        fail("时长写作 2d、3h 或 30m write a duration as 2d, 3h or 30m", MISUSED)
    try:
        return timedelta(**{unit: int(amount)})
    except (OverflowError, ValueError):
        fail(TOO_FAR, MISUSED)


def later(moment: datetime, by: timedelta) -> datetime:
    """The moment, moved."""
    try:
        return moment + by
    except OverflowError:
        fail(TOO_FAR, MISUSED)


def in_district(moment: datetime) -> datetime:
    """The moment in UTC; one without an offset is the district's time."""
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=DISTRICT_TIME)).astimezone(UTC)
    except OverflowError:
        fail(TOO_FAR, MISUSED)


def asked_password() -> str:
    """A password: unseen from a terminal, the first line of anything else."""
    if sys.stdin.isatty():
        return getpass.getpass("密码 password: ")
    return sys.stdin.readline().rstrip("\n")


def fail(message: str, status: int = FAILED) -> NoReturn:
    """End with a sentence and a status."""
    errors.print(f"fengqiao: {message}", markup=False)
    raise SystemExit(status)


def main() -> None:
    """The program's entry: 0 done, 1 failed, 2 misused, 130 interrupted."""
    try:
        app()
    except DomainError as refusal:
        where = f" ({refusal.field})" if refusal.field else ""
        fail(f"{refusal.message()} {refusal.message(Language.EN)} [{refusal.code}]{where}")
    except (SettingsError, MigrationError, MappingError, FeedError, ClockError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.filename or ''} {error.strerror or error}".strip())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:  # noqa: BLE001 - the program's edge: a sentence that can be reported, never a trace
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = " ".join(str(error).split())[:200]
        where = f"{Path(place.filename).name}:{place.lineno}"
        fail(f"内部错误 internal error: {type(error).__name__}: {told} ({where})")


if __name__ == "__main__":
    main()
