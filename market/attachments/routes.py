"""The one download route, and uploads kept off the disk until they are checked."""

import io
from typing import IO, Any
from urllib.parse import quote

from flask import Blueprint, Request, Response
from flask.blueprints import BlueprintSetupState

from market.access import actor, public
from market.attachments import verification  # noqa: F401  (declares the check of files)
from market.attachments.queries import attachment_by_token, content_of

bp = Blueprint("attachments", __name__, url_prefix="/attachments")


class MemoryRequest(Request):
    """Uploads stay in memory (MAX_CONTENT_LENGTH bounds them): a bid's plaintext never lies in a temporary file."""

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return io.BytesIO()


@bp.record_once
def _keep_uploads_in_memory(state: BlueprintSetupState) -> None:
    state.app.request_class = MemoryRequest  # pyright: ignore[reportAttributeAccessIssue]


@bp.get("/<token>")
@public
def download(token: str) -> Response:
    """A file, for whoever may see its owner; anybody else learns nothing."""
    attachment = attachment_by_token(actor(), token)
    response = Response(content_of(attachment), content_type=attachment.content_type)
    fallback = "attachment." + attachment.filename.rpartition(".")[2]
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(attachment.filename, safe='')}"
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
