"""Reads of one's own inbox."""

from sqlalchemy import Select, func, select

from market.database import db
from market.errors import NotFound
from market.notifications.models import Message


def inbox(user_id: int | None) -> Select[Message]:
    """A person's messages, unread first, then the newest."""
    return (
        select(Message)
        .where(Message.user_id == user_id)
        .order_by(Message.read_at.is_not(None), Message.created_at.desc(), Message.id.desc())
    )


def unread_count(user_id: int | None) -> int:
    query = select(func.count()).select_from(Message).where(Message.user_id == user_id, Message.read_at.is_(None))
    return db.session.scalar(query) or 0


def own_message(user_id: int | None, message_id: int) -> Message:
    """Raises NotFound for anybody else's message."""
    found = db.session.get(Message, message_id)
    if found is None or found.user_id != user_id:
        raise NotFound
    return found
