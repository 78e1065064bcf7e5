"""Makes the files of `demo/files`; run by hand as `python -m demo.build --source PATH`, never by the product."""

import argparse
from pathlib import Path

from demo.making import categories, divisions, facts, ground, units

DEFAULT_SOURCE = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def main() -> None:
    """Writes every file that is not made by hand; the same source gives the same bytes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=DEFAULT_SOURCE)
    source = parser.parse_args().source
    regions = divisions.regions(source)
    divisions.write(regions)
    made = ground.make(source, regions)
    ground.write(made)
    orgs = units.orgs(regions)
    units.write(orgs, made.grids, source)
    categories.write()
    facts.write(source)
    print(f"{len(regions)} divisions, {len(made.grids)} grids, {len(orgs)} units")


if __name__ == "__main__":
    main()
