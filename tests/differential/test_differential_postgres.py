"""A thousand generated documents on PostgreSQL: the compiled reads answer what the ordinary executor answers."""

import os
from random import Random

from tests.differential.contest import Contest
from tests.differential.emptied import findings_in
from tests.differential.masking import leaks_in

SEED = int(os.environ.get("FENGQIAO_DIFFERENTIAL_SEED", "1"))


async def test_both_executors_answer_a_thousand_generated_documents_byte_for_byte_alike(
    postgres_contest: Contest,
) -> None:
    tally = await postgres_contest.hold(SEED + 1_000_000, 1000)
    print(f"seed {SEED}: {tally}")  # noqa: T201 - shown by pytest when it fails
    assert not tally.findings
    assert tally.kinds["answered"] > 400
    assert tally.kinds["refused"] > 50
    assert tally.share >= 0.95


async def test_no_viewer_reads_an_unmasked_value_on_any_path_even_after_a_privileged_one(
    postgres_contest: Contest,
) -> None:
    report = await leaks_in(postgres_contest, Random(SEED + 1_000_000), 60)  # noqa: S311 - reproducible, no secret
    assert not report.leaks
    assert report.kinds_read >= {"content", "address", "opinion", "media", "note", "person"}
    assert report.kept_back > 100


async def test_an_object_of_which_no_field_is_left_is_still_an_object(postgres_contest: Contest) -> None:
    assert not [it async for it in findings_in(postgres_contest)]
