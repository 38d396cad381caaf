"""PDF: a whole file, no password, nothing that runs or carries another file."""

import re
import zlib

from flask_babel import gettext as _

from market.errors import InvalidInput

INFLATED_MOST = 64 * 1024 * 1024
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"<<(?:(?!stream).)*?/ObjStm(?:(?!stream).)*?>>\s*stream\r?\n", re.DOTALL)
_FORBIDDEN = re.compile(
    rb"/(JavaScript|JS|EmbeddedFiles?|Launch|RichMedia|SubmitForm|ImportData|GoToE|GoToR|Rendition|Movie|XFA)(?![A-Za-z0-9])"
)
_ENCRYPTED = re.compile(rb"/Encrypt(?![A-Za-z0-9])")
_OPEN_ACTION = re.compile(rb"/OpenAction\s*(\[|<<|(\d+)\s+\d+\s+R)?")
_EVENTS = re.compile(rb"/AA(?![A-Za-z0-9])")


def check_pdf(data: bytes) -> None:
    """Raises InvalidInput. Names hidden by #xx or in compressed object streams are read as a viewer reads them."""
    if not data.startswith(b"%PDF-1.") and not data.startswith(b"%PDF-2."):
        raise InvalidInput(_("文件内容与扩展名不符"))
    end = data.rfind(b"%%EOF")
    if end < 0 or data[end + 5 :].strip(b"\r\n \t\0") or b"PK\x05\x06" in data[-65_557:]:
        raise InvalidInput(_("PDF 文件不完整或尾部夹带了其他内容，请重新导出后再上传"))
    objects = _HEX.sub(lambda found: bytes([int(found[1], 16)]), _without_streams(data) + b"\n" + _object_streams(data))
    if _ENCRYPTED.search(objects):
        raise InvalidInput(_("PDF 设有密码或权限加密，无法检查，请去掉密码后再上传"))
    if _FORBIDDEN.search(objects) or _EVENTS.search(objects) or not _opens_plainly(objects):
        raise InvalidInput(_("PDF 含有脚本、自动动作或内嵌文件，请另存为普通 PDF 后再上传"))


def _without_streams(data: bytes) -> bytes:
    """Compressed page content is noise to a search for names."""
    return re.sub(rb"stream\r?\n.*?endstream", b"stream endstream", data, flags=re.DOTALL)


def _object_streams(data: bytes) -> bytes:
    """Objects that PDF 1.5 packs into compressed streams, inflated up to a bound."""
    found: list[bytes] = []
    left = INFLATED_MOST
    for match in _STREAM.finditer(data):
        engine = zlib.decompressobj()
        try:
            inflated = engine.decompress(data[match.end() :], left)
        except zlib.error as problem:
            raise InvalidInput(_("PDF 内部结构无法检查，请重新导出后再上传")) from problem
        left -= len(inflated)
        if left <= 0:
            raise InvalidInput(_("PDF 解压后过大，可能是压缩炸弹"))
        found.append(_numbered(match.group(), inflated))
    return b"\n".join(found)


def _numbered(header: bytes, inflated: bytes) -> bytes:
    """The objects of one stream written as ``N 0 obj … endobj``, so that references to them can be followed."""
    first = re.search(rb"/First\s+(\d+)", header)
    if first is None:
        return inflated
    offset = int(first[1])
    numbers = [int(number) for number in inflated[:offset].split() if number.isdigit()]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    parts = []
    for index, (number, start) in enumerate(pairs):
        end = pairs[index + 1][1] if index + 1 < len(pairs) else len(inflated) - offset
        parts.append(b"%d 0 obj %b endobj" % (number, inflated[offset + start : offset + end]))
    return b"\n".join(parts)


def _opens_plainly(objects: bytes) -> bool:
    """Going to a page when opened is what typesetters write; any other action is refused."""
    for match in _OPEN_ACTION.finditer(objects):
        target = match[1] or b""
        if target == b"[":
            continue
        if target == b"<<":
            body = objects[match.end() : match.end() + 300].split(b">>")[0]
        elif match[2]:
            reference = re.search(rb"(?<!\d)%d\s+\d+\s+obj(.*?)endobj" % int(match[2]), objects, re.DOTALL)
            body = reference[1] if reference else b""
            if body.lstrip().startswith(b"["):
                continue
        else:
            return False
        if not re.search(rb"/S\s*/GoTo(?![A-Za-z])", body):
            return False
    return True
