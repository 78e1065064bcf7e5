"""What is kept of documents stays within its bounds, and hostile variety does not push the hot ones out."""

import gc
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import prepared
from api.engine import Engine, GraphQLRequest, Refused
from api.kept import KeptDocuments
from api.limits import Limits
from api.prepared import Preparation
from domain.term import Language
from tests.api.toy import schema


def kept(most: int = 8, most_bytes: int = 10**9, longest: int = 100) -> KeptDocuments[int]:
    return KeptDocuments(most, most_bytes, longest, lambda text, item: len(text) + item)


def ask(memory: KeptDocuments[int], text: str, item: int = 0) -> bool:
    """Whether it was kept; if not, it is now offered."""
    if memory.get(text) is not None:
        return True
    memory.put(text, item)
    return False


def test_what_is_asked_for_again_survives_a_million_others() -> None:
    memory = kept()
    for hot in "abcd":
        ask(memory, hot)
        assert ask(memory, hot)
    for number in range(1_000_000):
        memory.put(str(number), 0)
    assert all(ask(memory, hot) for hot in "abcd")
    assert len(memory) == 4 + 2


def test_what_comes_twice_pushes_out_only_what_has_not_been_asked_for_since() -> None:
    memory = kept()
    for _ in range(2):
        ask(memory, "hot")
    for number in range(1000):
        for _ in range(2):
            ask(memory, str(number))
        assert ask(memory, "hot")
    assert len(memory) <= 8


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 30)), max_size=300))
def test_the_bounds_hold_whatever_comes(asked: list[tuple[int, int]]) -> None:
    memory = kept(most_bytes=100)
    for name, size in asked:
        hit = ask(memory, str(name), size)
        assert hit or str(name) in memory or size + len(str(name)) > 25
        assert len(memory) <= 8
        assert memory.bytes <= 100
    assert memory.hits + memory.misses == len(asked)


def test_what_is_too_long_is_not_kept() -> None:
    memory = kept(longest=3)
    assert not ask(memory, "long")
    assert not ask(memory, "long")
    assert not len(memory)


def test_what_has_grown_is_reckoned_anew() -> None:
    sizes = {"a": 1, "b": 1}
    memory: KeptDocuments[int] = KeptDocuments(8, 100, 10, lambda text, _: sizes[text])
    for text in "aabb":
        ask(memory, text)
    sizes["a"] = 90
    for _ in range(300):
        memory.get("b")
    assert ("a" in memory, "b" in memory, memory.bytes) == (False, True, 1)


def test_a_document_is_parsed_once_while_it_is_kept() -> None:
    engine = Engine(schema)
    documents = [engine.prepare(GraphQLRequest("{node{name}}"), Language.EN).document for _ in range(3)]
    assert documents[0] is documents[1] is documents[2]
    assert (engine.kept.hits, engine.kept.misses) == (2, 1)


@pytest.mark.parametrize("document", ["{nope}", "{", "{" + "a " * 2000 + "}", "{node{name}} {node{name}}"])
def test_a_refusal_is_kept_and_told_in_the_language_of_each(
    monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    engine = Engine(schema)

    def told(language: Language) -> list[dict[str, object]]:
        with pytest.raises(Refused) as refused:
            engine.prepare(GraphQLRequest(document, operation_name=None), language)
        return refused.value.errors

    first, chinese = told(Language.EN), told(Language.ZH)
    monkeypatch.setattr(prepared, "parse", None)
    monkeypatch.setattr(prepared, "validate", None)
    assert (told(Language.EN), told(Language.ZH)) == (first, chinese)


def test_the_bytes_of_documents_are_reckoned_as_about_what_they_take() -> None:
    preparation = Preparation(schema._schema, Limits())
    documents = [
        f"query Q{n}($n: Int) {{ node(first: $n) {{ " + "name child(first: 2) { name } " * 20 + "} }"
        for n in range(100)
    ]
    gc.collect()
    tracemalloc.start()
    try:
        for document in documents:
            preparation.prepare(GraphQLRequest(document), Language.EN)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(preparation.kept) == 100
    assert 0.5 * taken < preparation.kept.bytes < 3 * taken
