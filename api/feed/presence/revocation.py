"""Reads a viewer again from the store: the log only says that something about them changed (design §5)."""

from dataclasses import replace
from datetime import UTC, datetime

from api.feed.items import RevokedReason
from db import people, sessions
from db.integration import keys
from domain.viewer import Viewer
from services.clocks import business_now


async def present_viewer(viewer: Viewer) -> Viewer | RevokedReason:
    """The same person with the posts in force now, or why nobody may read for them any longer."""
    if viewer.system:
        return viewer
    if viewer.session_id is not None:
        session = await sessions.by_id(viewer.session_id)
        if session is None or not session.live_at(datetime.now(UTC)):
            return RevokedReason.SESSION_ENDED
    if viewer.key_id is not None:
        key = await keys.by_id(viewer.key_id)
        if key is None or not key.live_at(datetime.now(UTC)):
            return RevokedReason.SESSION_ENDED
    now = await business_now()
    found = await people.viewer_of(viewer.person_id, now, viewer.session_id, viewer.language)
    return replace(found, key_id=viewer.key_id) if found else RevokedReason.ACCOUNT_LOCKED
