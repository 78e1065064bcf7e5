"""The schema: the roots put together from every noun's fields. `python -m api.graphql` prints it."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from api.introspection import mend
from api.resolvers.assignment import AssignmentMutations, AssignmentQueries
from api.resolvers.board import BoardQueries
from api.resolvers.clock import ClockMutations, ClockQueries
from api.resolvers.dictionary import DictionaryQueries
from api.resolvers.document import DocumentMutations, DocumentQueries
from api.resolvers.draft import DraftMutations, DraftQueries
from api.resolvers.feed import FeedQueries
from api.resolvers.followup import FollowUpMutations
from api.resolvers.grid import GridMutations, GridQueries
from api.resolvers.incident import IncidentMutations, IncidentQueries
from api.resolvers.loop.boundary import BoundaryMutations, BoundaryQueries
from api.resolvers.loop.intake import IntakeMutations
from api.resolvers.loop.joint import JointMutations
from api.resolvers.loop.ladder import LadderMutations
from api.resolvers.loop.otherwise import OtherwiseMutations
from api.resolvers.loop.recusal import RecusalMutations
from api.resolvers.loop.review import ReviewMutations, ReviewQueries
from api.resolvers.loop.time import TimeMutations, TimeQueries
from api.resolvers.loop.whistle import WhistleMutations, WhistleQueries
from api.resolvers.loop.workbench import WorkbenchQueries
from api.resolvers.node import NodeQueries
from api.resolvers.org import OrgMutations, OrgQueries
from api.resolvers.person import PersonMutations, PersonQueries
from api.resolvers.rulebook.calendar import CalendarMutations, CalendarQueries
from api.resolvers.rulebook.category import CategoryMutations
from api.resolvers.rulebook.entry import EntryMutations, EntryQueries
from api.resolvers.saved_filter import SavedFilterMutations, SavedFilterQueries
from api.resolvers.session import SessionMutations, SessionQueries
from api.resolvers.supervision import SupervisionMutations
from api.resolvers.verification import VerificationMutations
from api.scalars import SCALARS
from api.subscriptions.assignment import AssignmentSubscriptions
from api.subscriptions.board import BoardSubscriptions
from api.subscriptions.incident import IncidentSubscriptions
from api.subscriptions.workbench import WorkbenchSubscriptions


@strawberry.type(description="查询。What may be asked.")
class Query(
    SessionQueries,
    NodeQueries,
    IncidentQueries,
    AssignmentQueries,
    BoundaryQueries,
    GridQueries,
    PersonQueries,
    OrgQueries,
    DictionaryQueries,
    EntryQueries,
    CalendarQueries,
    DocumentQueries,
    FeedQueries,
    BoardQueries,
    ReviewQueries,
    ClockQueries,
    TimeQueries,
    SavedFilterQueries,
    DraftQueries,
    WhistleQueries,
    WorkbenchQueries,
):
    """Every noun's queries."""


@strawberry.type(description="命令。What may be done.")
class Mutation(
    SessionMutations,
    IncidentMutations,
    IntakeMutations,
    OtherwiseMutations,
    AssignmentMutations,
    JointMutations,
    WhistleMutations,
    BoundaryMutations,
    VerificationMutations,
    FollowUpMutations,
    RecusalMutations,
    ReviewMutations,
    SupervisionMutations,
    LadderMutations,
    PersonMutations,
    GridMutations,
    OrgMutations,
    CategoryMutations,
    EntryMutations,
    CalendarMutations,
    DocumentMutations,
    ClockMutations,
    TimeMutations,
    SavedFilterMutations,
    DraftMutations,
):
    """Every noun's commands."""


@strawberry.type(description="订阅。What may be followed live.")
class Subscription(
    IncidentSubscriptions, AssignmentSubscriptions, BoardSubscriptions, WorkbenchSubscriptions
):
    """Every noun's streams."""


def build_schema() -> strawberry.Schema:
    """The schema that every endpoint executes."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
    )
    mend(schema._schema)  # noqa: SLF001 - Strawberry has no public name for it
    return schema


def sdl() -> str:
    """The schema as text."""
    return build_schema().as_str()


if __name__ == "__main__":
    print(sdl())  # noqa: T201 - this is the module's one purpose as a program
