"""A serving process looks for garbage seldom; nobody else's habits change."""

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

IMPORT = """
import gc
usual = gc.get_threshold()
import server
print(gc.get_freeze_count(), gc.get_threshold() == usual)
"""


def test_what_was_built_at_the_start_is_never_walked_again() -> None:
    told = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", SERVE], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "(50000, 20, 20) True True"


def test_importing_the_server_changes_nothing() -> None:
    told = subprocess.run(  # noqa: S603 - our own words; the tests' own process has set itself aside
        [sys.executable, "-c", IMPORT], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "0 True"
