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
from db.rows import TRUE, Sql, both, either, exists, select, within
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


def index(work: Work, incident: Incident, *, new: bool = False) -> None:
    """Make the texts of a new or changed case searchable, with the writes of the transaction."""
    public = words(incident.title, incident.no)
    private = words(incident.content, incident.address)
    if dialect() == "postgres":
        work.writes.add(_indexed(incident, public, private))
        return
    number = Sql("(SELECT number FROM incident_text WHERE incident_id = ?)", (incident.id,))
    if new:
        work.writes.insert("incident_text", [{"incident_id": incident.id}])
    else:
        gone = f"DELETE FROM incident_words WHERE rowid = {number.text}"  # noqa: S608 - a part of ours
        work.writes.add(Sql(gone, number.params))
    work.writes.add(
        Sql(
            f"INSERT INTO incident_words (rowid, public_words, private_words) VALUES ({number.text}, ?, ?)",  # noqa: S608 - as above
            (*number.params, " ".join(public), " ".join(private)),
        )
    )


def condition(query: str, *, private: bool, unprotected: Sql = TRUE, alias: str = "i") -> Sql:
    """Whether the case in `alias` holds every part of the query (parts are apart by spaces).

    With `private` its content and address count too, where `unprotected` holds. BAD_INPUT, field `search`.
    """
    asked, case = phrases(query), f"{alias}.id"
    if not private:
        return _held(asked, case, private=False)
    if unprotected == TRUE:
        return _held(asked, case, private=True)
    return both(_held(asked, case, private=True), either(unprotected, _held(asked, case, private=False)))


def found(query: str, *, private: bool, unprotected: Sql = TRUE, alias: str = "i") -> tuple[Sql, Sql]:
    """The ids (`id`) of all cases that hold the query, each once, and what a case has to meet besides.

    Both together are `condition`, by the way of the words. BAD_INPUT, field `search`.
    """
    asked = phrases(query)
    shown, every = _hits(asked, private=False), _hits(asked, private=True)
    if not private:
        return shown, TRUE
    return every, TRUE if unprotected == TRUE else either(unprotected, within(f"{alias}.id", shown))


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
    if len(query) > MAX_QUERY:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "search",
            facts={"most": MAX_QUERY},
            zh=f"搜索词不得超过 {MAX_QUERY} 个字",
            en=f"Search for at most {MAX_QUERY} characters",
        )
    parts = [list(_runs(part)) for part in _folded(query).split()]
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
    words_first = "incident_words CROSS JOIN incident_text t"
    matched = _matched(asked, private=private)
    if dialect() == "postgres":
        return select("t.incident_id AS id", "incident_text t", matched)
    return select("t.incident_id AS id", words_first, both(matched, Sql("t.number = incident_words.rowid")))


def _held(asked: list[tuple[list[str], bool]], case: str, *, private: bool) -> Sql:
    """Whether one case holds the words; SQLite looks into the tokens of the one row.

    The index of words names all cases that hold them, which for a beginning such as a single character may be
    half of the store: too many for a page.
    """
    tie = Sql(f"t.incident_id = {case}")
    if dialect() == "postgres":
        return exists("incident_text t", both(tie, _matched(asked, private=private)))
    number = select("t.number", "incident_text t", tie)
    at_row = Sql(f"incident_words.rowid = ({number.text})", number.params)
    # two spaces part the texts, so that no phrase begins in one and ends in the other
    tokens = (
        "' ' || public_words || '  ' || private_words || ' '" if private else "' ' || public_words || ' '"
    )
    tests = [
        Sql(f"instr({tokens}, ?) > 0", (f" {' '.join(phrase)}{'' if open_ else ' '}",))
        for phrase, open_ in asked
    ]
    return exists("incident_words", both(at_row, *tests))


def _matched(asked: list[tuple[list[str], bool]], *, private: bool) -> Sql:
    if dialect() == "sqlite":
        columns = "{public_words private_words}" if private else "public_words"
        terms = " AND ".join(f'"{" ".join(tokens)}"{" *" if open_ else ""}' for tokens, open_ in asked)
        return Sql("incident_words MATCH ?", (f"{columns} : ({terms})",))
    names = ("public_words", "private_words") if private else ("public_words",)
    tests = [
        either(
            *(Sql(f"t.{name} @@ CAST(CAST(? AS TEXT) AS TSQUERY)", (_tsquery(*phrase),)) for name in names)
        )
        for phrase in asked
    ]
    return both(*tests)


def _tsquery(tokens: list[str], open_: bool) -> str:  # noqa: FBT001 - a pair of `phrases`
    return " <-> ".join(f"'{token}'" for token in tokens) + (":*" if open_ else "")


def tsvector(tokens: list[str]) -> str:
    """PostgreSQL's text of some tokens and their places."""
    return " ".join(f"'{token}':{at}" for at, token in enumerate(tokens, 1))


def _indexed(incident: Incident, public: list[str], private: list[str]) -> Sql:
    return Sql(
        "INSERT INTO incident_text (incident_id, public_words, private_words) "
        "VALUES (?, CAST(CAST(? AS TEXT) AS TSVECTOR), CAST(CAST(? AS TEXT) AS TSVECTOR)) "
        "ON CONFLICT (incident_id) DO UPDATE "
        "SET public_words = EXCLUDED.public_words, private_words = EXCLUDED.private_words",
        (incident.id, tsvector(public), tsvector(private)),
    )
