"""Chinese full text by bigrams, with the same hits on both stores (design §9).

Titles and numbers lie in the public index; content and address in the private one, which viewers under
masking never search (R81, design §7). Both stores index the tokens made here, so that no parser of theirs
decides what a word is.
"""

import re
import unicodedata
from collections.abc import Iterator

from db.connection import Dialect, dialect
from db.lists import pages
from db.rows import TRUE, Sql, both, either, insert, read, select, within, write
from db.unit_of_work import Work
from domain.errors import DomainError, ErrorCode
from domain.incident import Incident

MAX_QUERY = 100
_HAN = "\u3400-\u4db5\u4e00-\u9fcb"
_RUN = re.compile(rf"[{_HAN}]+|[0-9a-z]+|[^\W_]")
_RARE = "〇"  # begins the token of a rare letter; alone it parts two texts, and no query makes it
_POSITIONS = 16_000  # PostgreSQL numbers positions up to 16,383

_TABLES: dict[Dialect, str] = {
    "sqlite": """
        CREATE TABLE IF NOT EXISTS incident_text (
            number INTEGER PRIMARY KEY,
            incident_id CHAR(36) NOT NULL UNIQUE REFERENCES incident (id) ON DELETE RESTRICT);
        CREATE VIRTUAL TABLE IF NOT EXISTS incident_words USING fts5(
            public_words, private_words, tokenize = 'unicode61 remove_diacritics 0')
    """,
    "postgres": """
        CREATE TABLE IF NOT EXISTS incident_text (
            incident_id UUID PRIMARY KEY REFERENCES incident (id) ON DELETE RESTRICT,
            public_words TSVECTOR NOT NULL,
            private_words TSVECTOR NOT NULL);
        CREATE INDEX IF NOT EXISTS incident_text_public ON incident_text USING GIN (public_words);
        CREATE INDEX IF NOT EXISTS incident_text_private ON incident_text USING GIN (private_words)
    """,
}


def create_statements(store: Dialect) -> list[str]:
    """The tables of full text, and the pages' indexes that a model cannot say; they may be run again."""
    return [*(" ".join(text.split()) for text in _TABLES[store].split(";")), *pages.create_statements()]


async def index(work: Work, incident: Incident) -> None:
    """Make the texts of a new or changed case searchable."""
    public = words(incident.title, incident.no)
    private = words(incident.content, incident.address)
    if dialect() == "sqlite":
        await _index_sqlite(work, incident, public, private)
    else:
        await _index_postgres(work, incident, public, private)


def condition(query: str, *, private: bool, unprotected: Sql = TRUE, alias: str = "i") -> Sql:
    """Whether the case in `alias` holds every part of the query (parts are apart by spaces).

    With `private` its content and address count too, where `unprotected` holds. BAD_INPUT, field `search`.
    """
    asked = phrases(query)
    shown = within(f"{alias}.id", _hits(asked, private=False))
    if not private:
        return shown
    return either(shown, both(within(f"{alias}.id", _hits(asked, private=True)), unprotected))


def words(*texts: str | None) -> list[str]:
    """The tokens of some texts, in order: pairs of Han characters and the last one of each run, Latin words."""
    tokens: list[str] = []
    for text in filter(None, texts):
        tokens += [_RARE] if tokens else []
        tokens += [token for run in _runs(text) for token in _pairs(run)]
    return tokens[:_POSITIONS]


def phrases(query: str) -> list[tuple[list[str], bool]]:
    """Each part of a query as tokens that follow each other, and whether the last one is only a beginning.

    BAD_INPUT, field `search`, for a query without any word or longer than `MAX_QUERY` characters.
    """
    parts = [list(_runs(part)) for part in _folded(query).split()] if len(query) <= MAX_QUERY else []
    found = [_phrase(runs) for runs in parts if runs]
    if not found:
        raise DomainError(ErrorCode.BAD_INPUT, "search", zh="请输入搜索词", en="Give words to search for")
    return found


def _phrase(runs: list[str]) -> tuple[list[str], bool]:
    tokens = [token for run in runs[:-1] for token in _pairs(run)]
    last = _pairs(runs[-1])
    whole = len(last) > 1  # the pair before it ends the phrase; a single character may begin a pair
    return [*tokens, *(last[:-1] if whole else last)], not whole


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _runs(text: str) -> Iterator[str]:
    return (found[0] for found in _RUN.finditer(_folded(text)))


def _pairs(run: str) -> list[str]:
    if run[0].isascii():
        return [run]
    if not re.match(f"[{_HAN}]", run):
        return [f"{_RARE}{ord(run):x}"]
    return [run[at : at + 2] for at in range(len(run))]


def _hits(asked: list[tuple[list[str], bool]], *, private: bool) -> Sql:
    if dialect() == "sqlite":
        columns = "{public_words private_words}" if private else "public_words"
        terms = " AND ".join(f'"{" ".join(tokens)}"{" *" if open_ else ""}' for tokens, open_ in asked)
        source = "incident_text JOIN incident_words ON incident_words.rowid = incident_text.number"
        return select("incident_id", source, Sql("incident_words MATCH ?", (f"{columns} : ({terms})",)))
    names = ("public_words", "private_words") if private else ("public_words",)
    tests = [
        either(*(Sql(f"{name} @@ CAST(CAST(? AS TEXT) AS TSQUERY)", (_tsquery(*phrase),)) for name in names))
        for phrase in asked
    ]
    return select("incident_id", "incident_text", both(*tests))


def _tsquery(tokens: list[str], open_: bool) -> str:  # noqa: FBT001 - a pair of `phrases`
    return " <-> ".join(f"'{token}'" for token in tokens) + (":*" if open_ else "")


def _tsvector(tokens: list[str]) -> str:
    return " ".join(f"'{token}':{at}" for at, token in enumerate(tokens, 1))


async def _index_postgres(work: Work, incident: Incident, public: list[str], private: list[str]) -> None:
    await read(
        Sql(
            "INSERT INTO incident_text (incident_id, public_words, private_words) "
            "VALUES (?, CAST(CAST(? AS TEXT) AS TSVECTOR), CAST(CAST(? AS TEXT) AS TSVECTOR)) "
            "ON CONFLICT (incident_id) DO UPDATE "
            "SET public_words = EXCLUDED.public_words, private_words = EXCLUDED.private_words",
            (incident.id, _tsvector(public), _tsvector(private)),
        ),
        work.connection,
    )


async def _index_sqlite(work: Work, incident: Incident, public: list[str], private: list[str]) -> None:
    known = select("number", "incident_text", Sql("incident_id = ?", (incident.id,)))
    found = await read(known, work.connection)
    if not found:
        columns = {"incident_id": incident.id}
        found = await insert(work.connection, "incident_text", [columns], "RETURNING number")
    line = {"rowid": found[0]["number"], "public_words": " ".join(public), "private_words": " ".join(private)}
    await write(Sql("DELETE FROM incident_words WHERE rowid = ?", (line["rowid"],)), work.connection)
    await insert(work.connection, "incident_words", [line])
