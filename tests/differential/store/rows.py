"""Furnishing a case: every optional value present or absent, every text plain or odd."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, TypeVar

from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import Clock, Light, TimeUnit
from domain.complainant import Complainant, Confidentiality
from domain.followup import (
    DissatisfactionReason,
    FollowUp,
    FollowUpLayer,
    ReplyChannel,
    Satisfaction,
    Solved,
)
from domain.incident import (
    CaseOutcome,
    Incident,
    IncidentDomain,
    IncidentKind,
    IncidentState,
    Note,
    RejectReason,
    Source,
    Urgency,
)
from domain.media import Media, MediaPurpose
from domain.person import Person
from domain.place import Crs
from domain.supervision import Supervision, SupervisionLevel, SupervisionOrigin
from domain.verification import CheckResult, TaskState, Verification
from tests.db.factories import NOW, District, a_complainant, a_spot, an_assignment, new_id
from tests.differential.store.planted import Marks

R = TypeVar("R")

ODD = (
    'quotes " and \\ backslash / slash',
    "控制\u0001\u001f\u007f\t\r\n字符",
    "emoji 👩‍👩‍👧‍👦 🚧 𝒳 e\u0301",
    "</script>\u2028\u2029\ufeff\u200b",
    "长" * 45,
    "",
    " ",
    "null",
    "\\u0000 \\n",
    "%s {} $1 ? :x",
)
_LATER = (timedelta(0), timedelta(minutes=3), timedelta(hours=30), timedelta(days=9), timedelta(days=400))


def scattered(rng: Random, row: R, **options: Any) -> R:
    """The row with each named field set to one of its options."""
    return replace(row, **{name: rng.choice(list(found)) for name, found in options.items()})  # type: ignore[type-var]  # every row is a dataclass


def furnished(
    rng: Random,
    case: Case,
    state: IncidentState,
    district: District,
    people: Mapping[str, Person],
    marks: Marks,
) -> Case:
    """The case in `state` with random facts on everything it has."""
    bare = replace(case, incident=replace(case.incident, state=state))
    complainant = _complainant(rng, people, marks) if rng.random() < 0.8 else None
    incident = _incident(rng, bare.incident, district, people, marks)
    incident = replace(incident, complainant_id=complainant.id if complainant else None)
    rows = tuple(_assignments(rng, bare, district, people))
    parts = replace(bare, incident=incident, complainant=complainant, assignments=rows)
    return replace(
        parts,
        clocks=tuple(_clock(rng, it) for it in parts.clocks),
        verifications=tuple(_check(rng, it, district, people) for it in parts.verifications),
        followups=tuple(_followup(rng, it, people, marks) for it in parts.followups * rng.randrange(3)),
        supervisions=tuple(_supervision(rng, parts, people) for _ in range(rng.randrange(3))),
        media=tuple(_media(rng, incident, people, marks) for _ in range(rng.randrange(3))),
        notes=tuple(_note(rng, incident, people, marks) for _ in range(rng.randrange(3))),
    )


def _text(rng: Random, marks: Marks) -> str:
    return marks.mark() + rng.choice(ODD) + rng.choice(("", "路灯" * 400))


def _complainant(rng: Random, people: Mapping[str, Person], marks: Marks) -> Complainant:
    made = a_complainant(person_id=rng.choice((None, people["asking"].id)))
    name, phone = f"李{marks.mark()}", f"138{marks.mark()}5678"
    return scattered(
        rng, made, name=(name, name, None), phone=(phone, phone, None), reply_wanted=(True, False),
        confidentiality=Confidentiality, preferred_channel=(None, *ReplyChannel),
    )  # fmt: skip


def _incident(
    rng: Random, incident: Incident, district: District, people: Mapping[str, Person], marks: Marks
) -> Incident:
    at = incident.reported_at
    grid = rng.choice((None, *district.grids.values()))
    spot = replace(
        a_spot(112.0041234567, 32.01), crs=rng.choice(list(Crs)), accuracy_m=rng.choice((None, 0.5))
    )
    moments = (None, *(at + span for span in _LATER))
    return scattered(
        rng, incident, domain=IncidentDomain, kind=IncidentKind, title=("路灯不亮", *(it[:50] for it in ODD)),
        category_id=[it.id for it in district.categories.values()], content=(None, _text(rng, marks)),
        source=Source, source_external_id=(None, f"12345-{incident.no}"), external_due_at=moments, urgency=Urgency,
        outcome=(None, *CaseOutcome), reject_reason=(None, *RejectReason), reply_text=(None, *ODD),
        round=(1, 2), return_pending=(True, False), light=Light, supervision_level=SupervisionLevel,
        escalation_step=(0, 3), spot=(None, spot, spot), address=(None, f"东园小区3号楼{_text(rng, marks)}"[:200]),
        grid_id=(grid.id if grid else None,), grid_version=(1 if grid else None,),
        region_id=(grid.region_id if grid else district.regions["C3"].id,),
        reporter_id=(None, *(it.id for it in (*district.people.values(), *people.values()))),
        complained_org_id=(None, *(it.id for it in district.orgs.values())), occurred_at=moments,
        due_at=moments, closed_at=moments, on_time=(None, True, False), report_count=(1, 4),
        loop_completeness=(0, 55, 100), version=(1, 12),
    )  # fmt: skip


def _assignments(
    rng: Random, case: Case, district: District, people: Mapping[str, Person]
) -> list[Assignment]:
    at, staff = case.incident.reported_at, [None, *(it.id for it in people.values())]
    rows = list(case.assignments)
    units = rng.choices([it.id for it in district.orgs.values()], k=rng.randrange(4))
    rows.extend(an_assignment(case.incident, unit, at=at) for unit in units)
    moments = (None, *(at + span for span in _LATER))
    return [
        scattered(
            rng, row, seq=(number,), role=AssignmentRole, mode=AssignmentMode, state=AssignmentState,
            designated=(True, False), basis=(None, *ODD), dispatched_by_id=staff, accept_due_at=moments,
            contact_due_at=moments, handle_due_at=moments, accepted_at=moments, first_contact_at=moments,
            first_contact_channel=(None, *ReplyChannel), first_contact_note=(None, *ODD), submitted_at=moments,
            outcome=(None, *CaseOutcome), result_text=(None, *ODD), no_contact_reason=(None, *ODD),
            handler_id=staff, on_time_accept=(None, True, False), on_time_handle=(None, True, False),
            light=Light, version=(1, 5),
        )
        for number, row in enumerate(rows, start=1)
    ]  # fmt: skip


def _clock(rng: Random, clock: Clock) -> Clock:
    moments = (None, None, *(clock.start_at + span for span in _LATER))
    due = clock.start_at + rng.choice(_LATER[1:])
    return scattered(
        rng, clock, limit=(1, 90), unit=TimeUnit, due_at=(clock.due_at, due), light=Light, paused_at=moments,
        stopped_at=moments, breached=(True, False), provisional=(True, False), external=(True, False),
    )  # fmt: skip


def _check(
    rng: Random, check: Verification, district: District, people: Mapping[str, Person]
) -> Verification:
    return scattered(
        rng, check, state=TaskState, org_id=(None, district.orgs["COMMUNITY"].id),
        inspector_id=(None, *(it.id for it in people.values())), result=(None, *CheckResult),
        distance_m=(None, 0.0, 12.5, 1e-7, 1e16), note=(None, *ODD), recorded_at=(None, NOW),
    )  # fmt: skip


def _followup(rng: Random, asked: FollowUp, people: Mapping[str, Person], marks: Marks) -> FollowUp:
    return scattered(
        rng, replace(asked, id=new_id()), layer=FollowUpLayer, state=TaskState, channel=(None, *ReplyChannel),
        reached=(None, True, False), valid=(True, False), solved=(None, *Solved),
        satisfaction=(None, *Satisfaction), dissatisfaction_reason=(None, *DissatisfactionReason),
        contacted_by_handler=(None, True, False), opinion=(None, _text(rng, marks), _text(rng, marks)),
        recorded_by_id=(None, *(it.id for it in people.values())), due_at=(None, NOW), attempted_at=(None, NOW),
    )  # fmt: skip


def _supervision(rng: Random, case: Case, people: Mapping[str, Person]) -> Supervision:
    made = Supervision(
        id=new_id(), incident_id=case.incident.id, assignment_id=None, level=SupervisionLevel.URGE,
        origin=SupervisionOrigin.AUTO, trigger=None, text=None, issued_by_id=None, issued_at=NOW,
        reply_due_at=NOW, round=1,
    )  # fmt: skip
    return scattered(
        rng, made, assignment_id=(None, *(it.id for it in case.assignments)), level=SupervisionLevel,
        origin=SupervisionOrigin, trigger=(None, "SIGN.E2"), text=(None, *ODD),
        issued_by_id=(None, *(it.id for it in people.values())),
    )  # fmt: skip


def _media(rng: Random, incident: Incident, people: Mapping[str, Person], marks: Marks) -> Media:
    return Media(
        id=new_id(), content_type=rng.choice(("image/jpeg", "image/webp")), sha256=marks.mark(),
        bytes=rng.choice((1, 2**31 - 1)), uploaded_by_id=rng.choice(list(people.values())).id,
        uploaded_at=NOW, incident_id=incident.id, purpose=rng.choice((None, *MediaPurpose)),
    )  # fmt: skip


def _note(rng: Random, incident: Incident, people: Mapping[str, Person], marks: Marks) -> Note:
    author = rng.choice([it.id for it in people.values()] + [incident.reporter_id or people["asking"].id])
    return Note(id=new_id(), incident_id=incident.id, author_id=author, text=_text(rng, marks), at=NOW)
