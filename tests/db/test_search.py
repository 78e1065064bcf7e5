"""Chinese search has the same hits on both stores and never looks where it may not."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db import cases, incidents, rows
from db.lists import search
from db.lists.pages import Slice
from db.unit_of_work import in_transaction
from domain.errors import DomainError, ErrorCode
from domain.viewer import Viewer
from tests.db.factories import District, a_case, a_district

TEXTS = ("小区噪音扰民严重 3号楼A12", "噪", "Lamp post, 路灯 GCL-7", "𠮷祥里漏水；dôme 〇号")

pytestmark = pytest.mark.usefixtures("store")


async def hits(viewer: Viewer, words: str) -> set[str]:
    page = await incidents.page(viewer=viewer, search=words, slice_=Slice(100))
    assert await incidents.count(viewer=viewer, search=words) == (len(page.rows), True)
    return {it.no for it in page.rows}


async def held(words: str, *, private: bool = True) -> set[str]:
    """What is found by asking each case, as a list does whose words very many cases hold."""
    asked = search.condition(words, private=private)
    return {it["no"] for it in await rows.read(rows.select("i.no", "incident i", asked))}


async def both_ways(viewer: Viewer, words: str) -> set[str]:
    """What is found, which is the same either way."""
    found = await hits(viewer, words)
    assert await held(words) == found
    return found


async def put_texts() -> District:
    district = await a_district()
    for number, text in zip("ABCD", TEXTS, strict=True):
        await a_case(district, no=number * 3, title=text, content="", address="")
    return district


async def test_chinese_latin_and_digits_are_found_by_their_parts() -> None:
    viewer = (await put_texts()).viewer("director")
    expected = {
        "噪": {"AAA", "BBB"},
        "重": {"AAA"},
        "噪音": {"AAA"},
        "噪音扰民": {"AAA"},
        "音扰": {"AAA"},
        "音噪": set(),
        "小区扰民": set(),
        "小区 扰民": {"AAA"},
        "扰民　小区": {"AAA"},
        "小区 路灯": set(),
        "3号楼": {"AAA"},
        "3号": {"AAA"},
        "楼A12": {"AAA"},
        "楼a1": {"AAA"},
        "A12": {"AAA"},
        "Ａ１２": {"AAA"},
        "12": set(),
        "LAMP": {"CCC"},
        "lam": {"CCC"},
        "post, 路灯": {"CCC"},
        "gcl-7": {"CCC"},
        '"噪音"': {"AAA"},
        "噪音*": {"AAA"},
        "lamp OR 噪音": set(),
        "lamp AND post": set(),
        "NOT": set(),
        "public_words:lamp": set(),
        "'lamp' | 'x'": set(),
        "lamp' & !'x": set(),
        "𠮷": {"DDD"},
        "𠮷祥": {"DDD"},
        "〇": {"DDD"},
        "dôme": {"DDD"},
        "dome": set(),
        "ccc": {"CCC"},
    }
    assert {words: await both_ways(viewer, words) for words in expected} == expected


def reference(words: str) -> set[str]:
    """What a phrase search over the same tokens finds, without any index."""
    found = set()
    for number, text in zip("ABCD", TEXTS, strict=True):
        tokens = search.words(text, number * 3)
        if all(_follows(tokens, *phrase) for phrase in search.phrases(words)):
            found.add(number * 3)
    return found


def _follows(tokens: list[str], phrase: list[str], open_: bool) -> bool:  # noqa: FBT001 - a pair of `phrases`
    for at in range(len(tokens) - len(phrase) + 1):
        part = tokens[at : at + len(phrase)]
        if part[:-1] == phrase[:-1] and (
            part[-1].startswith(phrase[-1]) if open_ else part[-1] == phrase[-1]
        ):
            return True
    return False


@pytest.fixture
async def director() -> Viewer:
    return (await put_texts()).viewer("director")


pieces = st.sampled_from([*"".join(TEXTS), "噪音", "a12", "gcl", " ", "*", '"', "(", "-", "\\", ":"])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("ß\u0307İ")
@example("\x00噪\x00")
@given(words=st.one_of(st.lists(pieces, min_size=1, max_size=6).map("".join), st.text(max_size=8)))
async def test_any_query_finds_what_a_phrase_over_the_tokens_finds(director: Viewer, words: str) -> None:
    try:
        expected = reference(words)
    except DomainError:
        with pytest.raises(DomainError):
            await hits(director, words)
    else:
        assert await both_ways(director, words) == expected


@pytest.mark.parametrize("words", ["", "   ", "、。", "*\"'", "噪" * 101])
async def test_a_query_without_words_or_too_long_is_refused(words: str) -> None:
    viewer = (await a_district()).viewer("director")
    with pytest.raises(DomainError) as refused:
        await hits(viewer, words)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "search")
    assert refused.value.facts == ({"most": 100} if len(words) > 100 else {})


async def test_content_and_address_are_searched_for_unmasked_viewers_alone() -> None:
    district = await a_district()
    await a_case(district, no="A", title="路灯", content="举报人说邻居偷电", address="东园小区9号楼")
    for words in ("偷电", "9号楼"):
        assert await hits(district.viewer("director"), words) == {"A"}
        for username in ("auditor", "volunteer", "worker", "clerk"):
            assert await hits(district.viewer(username), words) == set()
    for username in ("director", "auditor", "volunteer", "worker", "clerk"):
        assert await hits(district.viewer(username), "路灯") == {"A"}
    assert await hits(district.viewer("housing"), "路灯") == set()


async def test_a_phrase_lies_within_one_text_whichever_way_it_is_looked_for() -> None:
    district = await a_district()
    await a_case(district, no="A7", title="路灯", content="偷电", address="")
    viewer = district.viewer("director")
    expected: dict[str, set[str]] = {
        "A7偷电": set(),
        "A7 偷电": {"A7"},
        "偷": {"A7"},
        "灯a7": set(),
        "7": set(),
    }
    assert {words: await both_ways(viewer, words) for words in expected} == expected
    assert [await held(words, private=False) for words in ("偷", "路 偷", "路")] == [set(), set(), {"A7"}]


async def test_nobody_of_the_unit_complained_about_searches_the_content() -> None:
    district = await a_district()
    housing = district.orgs["HOUSING"].id
    await a_case(district, no="A", title="投诉", content="态度恶劣", complained_org_id=housing)
    lent = replace(district.viewer("director"), org_id=housing)
    assert await hits(lent, "态度恶劣") == set()
    assert await hits(lent, "投诉") == {"A"}
    assert await hits(district.viewer("director"), "投诉 恶劣") == {"A"}


async def test_an_amended_case_is_found_by_its_new_words_alone() -> None:
    district = await a_district()
    case = await a_case(district, no="A", title="路灯不亮")
    after = replace(case, incident=replace(case.incident, title="井盖松动"))
    await in_transaction(lambda work: cases.save(work, case, after))
    viewer = district.viewer("director")
    assert (await hits(viewer, "路灯不亮"), await hits(viewer, "井盖")) == (set(), {"A"})
