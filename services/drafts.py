"""Keeping a report before it is sent (domain.md B.3 T1): its author's alone, so the log says nothing of it."""

from dataclasses import dataclass, replace

from db.loop import drafts
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.loop.draft import Draft, check_room, checked_form, checked_offline_id
from domain.permission import permit
from services.command import Call, Result, perform


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDraft:
    """What is typed so far, on which device under which id."""

    offline_id: str
    form: str


async def save(call: Call, given: SaveDraft) -> Result:
    """T1: keep a draft under its device's id; `made["draft"]`. BAD_INPUT, GUARD_FAILED beyond the most."""
    permit(call.actor, A.saveDraft)

    async def body(work: Work) -> Result:
        offline_id, form = checked_offline_id(given.offline_id), checked_form(given.form)
        kept = await drafts.load_all(work, call.actor.person_id)
        before = next((it for it in kept if it.offline_id == offline_id), None)
        if before is not None:
            draft = replace(before, form=form, saved_at=call.now, version=before.version + 1)
            await drafts.save(work, draft)
        else:
            check_room(kept)
            draft = Draft(
                id=call.new_id(),
                person_id=call.actor.person_id,
                offline_id=offline_id,
                form=form,
                saved_at=call.now,
            )
            await drafts.insert(work, draft)
        return Result(made={"draft": (draft.id,)})

    return await perform(call, A.saveDraft, given, body)
