"""What an uploaded file really is: judged by its content, never by what the browser or the name says."""

import io
import unicodedata
from dataclasses import dataclass

import puremagic
from flask_babel import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from market.attachments.archives import check_office
from market.attachments.documents import check_pdf
from market.errors import InvalidInput

CONTENT_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jpg": "image/jpeg",
    "png": "image/png",
}
ACCEPT = ".pdf,.docx,.xlsx,.jpg,.jpeg,.png"
"""For the ``accept`` of file fields."""
PIXELS_MOST = 50_000_000
NAME_MOST = 120
_FORMATS = {"jpg": "JPEG", "png": "PNG"}
# What a polite sniffer may call the content of each kind; anything else is a disguise.
_SNIFFED = {
    "pdf": {".pdf", ".ai"},
    "docx": {".docx", ".zip", ".xlsx", ".pptx"},
    "xlsx": {".xlsx", ".zip", ".docx", ".pptx"},
    "jpg": {".jpg", ".jpeg", ".jfif", ".jpe"},
    "png": {".png", ".apng"},
}


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file fit to be stored: ``data`` is what to keep (images are re-encoded)."""

    filename: str
    content_type: str
    data: bytes


def clean_filename(name: str) -> str:
    """The base name without control, direction and path characters, at most ``NAME_MOST`` characters."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    kept = " ".join("".join("_" if c in '<>:"|?*/' else c for c in kept).split()).lstrip(". ")
    stem, dot, extension = kept.rpartition(".")
    if not dot:
        return kept[:NAME_MOST]
    return f"{stem[: NAME_MOST - 6].rstrip('. ')}.{extension[:5]}"


def inspect_upload(filename: str, data: bytes, limit_mb: int) -> Inspected:
    """Raises InvalidInput with what is wrong, in words for the uploader."""
    if not data:
        raise InvalidInput(_("文件是空的，请重新选择"))
    if len(data) > limit_mb * 1024 * 1024:
        raise InvalidInput(_("文件超过 %(limit)d MB，请压缩后再上传", limit=limit_mb))
    name = clean_filename(filename)
    stem, _dot, extension = name.rpartition(".")
    kind = {"jpeg": "jpg"}.get(extension.casefold(), extension.casefold())
    if kind not in CONTENT_TYPES:
        raise InvalidInput(_("只接受 pdf、docx、xlsx、jpg、png 文件"))
    if _sniffed(data) not in _SNIFFED[kind]:
        raise InvalidInput(_("文件内容与扩展名不符"))
    if kind == "pdf":
        check_pdf(data)
    elif kind in _FORMATS:
        data = _reencoded(data, kind)
    else:
        check_office(data, kind)
    return Inspected(f"{stem or _('附件')}.{kind}", CONTENT_TYPES[kind], data)


def _sniffed(data: bytes) -> str:
    try:
        return puremagic.from_string(data[:4096]).lower()
    except (puremagic.PureError, ValueError):
        return ""


def _reencoded(data: bytes, kind: str) -> bytes:
    """The picture alone: no EXIF (place, camera, owner), no trailing bytes, upright."""
    output = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data), formats=[_FORMATS[kind]]) as image:
            if image.width * image.height > PIXELS_MOST:
                raise InvalidInput(_("图片像素过大，请缩小后再上传"))
            picture = ImageOps.exif_transpose(image)
            if kind == "jpg" and picture.mode not in ("RGB", "L"):
                picture = picture.convert("RGB")
            picture.info = {}
            picture.save(output, _FORMATS[kind], **({"quality": 90} if kind == "jpg" else {}))
    except (UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as problem:
        raise InvalidInput(_("图片无法识别或像素过大")) from problem
    except (OSError, SyntaxError, ValueError, EOFError) as problem:
        raise InvalidInput(_("图片已损坏，无法打开")) from problem
    return output.getvalue()
