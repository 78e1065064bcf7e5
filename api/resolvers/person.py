"""People, posts and passwords."""

from typing import Annotated

import strawberry

from api.pages import Connection, page_request
from api.schema.argument import After, Before, First, Last, Saved, said
from api.schema.command import ground as command
from api.schema.command import session as session_command
from api.schema.command.given import given
from api.schema.command.made import one
from api.schema.filter import PersonFilter
from api.schema.listing import Table, listed
from api.schema.person import Person, Post
from api.schema.words import Info, Input, page, resolver
from db import people as table
from domain.saved_filter import FilterNoun
from services import people

PEOPLE = Table(Person, table, FilterNoun.PERSON)


@strawberry.type
class PersonQueries:
    """What may be asked about people."""

    @page("Person", "人员；群众只见自己。People; volunteers and residents see themselves alone.")
    async def people(
        self,
        info: Info,
        where: Annotated[PersonFilter | None, said("过滤。Which people.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        saved: Saved = None,
    ) -> Connection[Person] | None:
        """By user name. PAGE_SIZE_REQUIRED, BAD_CURSOR, BAD_INPUT with the field."""
        return await listed(info, PEOPLE, page_request(first, after, last, before), where, saved)


@strawberry.type
class PersonMutations:
    """The administration of people."""

    @resolver("新增人员。Create a person.")
    async def create_person(
        self, info: Info, asked: Input[command.CreatePersonInput]
    ) -> command.CreatePersonPayload | None:
        """BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await people.create(call, given(people.CreatePerson, asked))
        return command.CreatePersonPayload(person=await one(info, Person, result.made["person"][0]))

    @resolver("任职。Assign a post.")
    async def assign_post(
        self, info: Info, asked: Input[command.AssignPostInput]
    ) -> command.AssignPostPayload | None:
        """GUARD_FAILED, BAD_INPUT with the field."""
        call = await info.context.call(asked.idempotency_key)
        result = await people.assign_post(call, given(people.AssignPost, asked))
        post = await one(info, Post, result.made["post"][0])
        return command.AssignPostPayload(post=post, person=await one(info, Person, post.row.person_id))

    @resolver("离任。End a post.")
    async def end_post(self, info: Info, asked: Input[command.EndPostInput]) -> command.EndPostPayload | None:
        """BAD_INPUT, field `endsAt`."""
        call = await info.context.call(asked.idempotency_key)
        result = await people.end_post(call, given(people.EndPost, asked))
        return command.EndPostPayload(post=await one(info, Post, result.made["post"][0]))

    @resolver("重置密码。Reset a password; the person's sessions end.")
    async def reset_password(
        self, info: Info, asked: Input[command.ResetPasswordInput]
    ) -> command.ResetPasswordPayload | None:
        """BAD_INPUT, field `newPassword`."""
        call = await info.context.call(asked.idempotency_key)
        result = await people.reset_password(call, given(people.ResetPassword, asked))
        return command.ResetPasswordPayload(person=await one(info, Person, result.made["person"][0]))

    @resolver("修改自己的密码。Change the own password; other sessions end.")
    async def change_password(
        self, info: Info, asked: Input[session_command.ChangePasswordInput]
    ) -> session_command.ChangePasswordPayload | None:
        """BAD_CREDENTIALS, ACCOUNT_LOCKED, BAD_INPUT, field `newPassword`."""
        call = await info.context.call(asked.idempotency_key)
        await people.change_password(call, given(people.ChangePassword, asked))
        return session_command.ChangePasswordPayload(person=await one(info, Person, call.actor.person_id))
