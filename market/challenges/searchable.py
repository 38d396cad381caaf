"""Posted challenges as the search reads them: public text of the current version, never the confidential part."""

from collections.abc import Iterator, Sequence

from flask_babel import lazy_pgettext
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from market.challenges.models import PUBLIC_STATES, Challenge, ChallengeVersion
from market.database import db
from market.search.documents import Document, register


def _documents(ids: Sequence[int] | None) -> Iterator[Document]:
    query = (
        select(Challenge, ChallengeVersion)
        .join(
            ChallengeVersion,
            (ChallengeVersion.challenge_id == Challenge.id) & (ChallengeVersion.number == Challenge.version),
        )
        .where(Challenge.state.in_(PUBLIC_STATES), Challenge.posted_at.is_not(None))
        .options(joinedload(Challenge.organisation))
        .order_by(Challenge.id)
    )
    if ids is not None:
        query = query.where(Challenge.id.in_(ids))
    for challenge, version in db.session.execute(query.execution_options(yield_per=500)):
        yield _document(challenge, version)


def _document(challenge: Challenge, version: ChallengeVersion) -> Document:
    indicators = [
        " ".join(str(i.get(key) or "") for key in ("name", "value", "unit", "method")) for i in version.indicators
    ]
    texts = [version.background, version.content, *version.deliverables, *indicators, version.solver_conditions]
    return Document(
        id=challenge.id,
        title=challenge.title,
        body="\n".join(text for text in [*texts, challenge.organisation.name] if text),
        code=challenge.code or "",
        district=challenge.district_code or "",
        posted_at=challenge.posted_at,
        state=challenge.state,
    )


register(
    "challenge",
    _documents,
    # The address is the portal's fixed one.
    lambda document: f"/challenges/{document.code}",
    lazy_pgettext("list", "榜单"),
    position=10,
)
