"""A serving process looks for garbage seldom; nobody else's habits change."""

import gc
import subprocess
import sys

from tests.text_rules import ROOT

SERVE = """
import gc
from api.process import collect_seldom
before = len(gc.get_objects())
collect_seldom()
print(gc.get_threshold(), gc.get_freeze_count() > before / 2 > 0, len(gc.get_objects()) < before / 10)
"""


def test_what_was_built_at_the_start_is_never_walked_again() -> None:
    told = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", SERVE], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "(50000, 20, 20) True True"


def test_importing_the_server_changes_nothing() -> None:
    __import__("server")
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() != (50_000, 20, 20)
