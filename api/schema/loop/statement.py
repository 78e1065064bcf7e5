"""What a unit says in an arbitration."""

import strawberry

from api.scalars import DateTime
from api.schema.org import OrgUnit
from api.schema.person import Person
from api.schema.words import Shown, column, identity, link
from domain.loop import request as rows


@strawberry.type(description="陈述（S35）。What a unit says in an arbitration.")
class Statement(Shown[rows.Statement]):
    """陈述."""

    id: strawberry.ID = identity("Statement", "id", "全局编号。The global id.")
    org_unit: OrgUnit = link("org_id", "OrgUnit", "陈述单位。The unit that speaks.")
    author: Person | None = link("author_id", "Person", "陈述人。Who speaks for it.")
    text: str = column("text", "陈述内容。The words.")
    volunteers: bool = column("volunteers", "是否主动承担。Whether the unit offers itself.")
    at: DateTime = column("at", "陈述时间。When.")
