"""categories.csv, duties.csv and rules.csv, from the hand-made tree of this folder."""

from demo.making import tables

FLAGS = "PAV"  # photo at report, photo after, check on site


def tree() -> list[dict[str, str]]:
    """The hand-made rows, parents before children."""
    return list(tables.read(tables.HAND_MADE / "tree.csv"))


def leaves() -> list[dict[str, str]]:
    """The rows of level 3."""
    return [row for row in tree() if row["org_codes"]]


def _category(row: dict[str, str]) -> list[object]:
    code = row["code"]
    parent = code.rpartition("-")[0]
    flags = [int(flag in row["flags"]) for flag in FLAGS]
    return [code, row["name"], code.count("-") + 1, parent, *flags, row["default_urgency"] or "NORMAL"]


def write() -> None:
    """The three files; the law stands at level 2 and holds for what is below."""
    rows = tree()
    law = {row["code"]: row["legal_basis"] for row in rows if row["legal_basis"]}
    header = "code name level parent_code requires_photo requires_after_photo requires_onsite_verify"
    tables.write("categories.csv", f"{header} default_urgency", [_category(row) for row in rows])
    tables.write(
        "duties.csv",
        "org_code category_code legal_basis",
        [
            (org, row["code"], law[row["code"].rpartition("-")[0]])
            for row in leaves()
            for org in row["org_codes"].split()
        ],
    )
    tables.write(
        "rules.csv",
        "category_code lead_org_codes basis",
        [
            (row["code"], row["org_codes"], f"职责清单；{law[row['code'].rpartition('-')[0]]}")
            for row in leaves()
        ],
    )
