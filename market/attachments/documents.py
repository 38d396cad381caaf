"""PDF: a whole file, no password, nothing that runs or carries another file."""

import re
import zlib

from flask_babel import gettext as _

from market.errors import InvalidInput

INFLATED_MOST = 64 * 1024 * 1024
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
# Real typesetters need a handful; more is somebody hiding names or wasting our time.
HEX_ESCAPES_MOST = 100_000
OPEN_ACTIONS_MOST = 20
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
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
    plain, packed = _parted(data)
    objects = _named(plain + b"\n" + packed)
    if _ENCRYPTED.search(objects):
        raise InvalidInput(_("PDF 设有密码或权限加密，无法检查，请去掉密码后再上传"))
    if _FORBIDDEN.search(objects) or _EVENTS.search(objects) or not _opens_plainly(objects):
        raise InvalidInput(_("PDF 含有脚本、自动动作或内嵌文件，请另存为普通 PDF 后再上传"))


def _parted(data: bytes) -> tuple[bytes, bytes]:
    """(what lies outside streams, the objects packed into compressed object streams), in one pass over the file.

    Compressed page content is noise to a search for names, so streams are left out, as far as their ``endstream``.
    """
    plain: list[bytes] = []
    packed: list[bytes] = []
    left = INFLATED_MOST
    position = 0
    while found := _STREAM.search(data, position):
        end = data.find(b"endstream", found.end())
        if end < 0:
            break
        before = data[position : found.start()]
        header = _named(before[before.rfind(b"obj") + 3 :])
        if b"/ObjStm" in header:
            inflated = _inflated(data[found.end() : end], left)
            left -= len(inflated)
            packed.append(_numbered(header, inflated))
        plain.append(before)
        position = end + len(b"endstream")
    return b"\n".join([*plain, data[position:]]), b"\n".join(packed)


def _named(text: bytes) -> bytes:
    """Names as a viewer reads them: ``#4a`` is ``J``."""
    if text.count(b"#") > HEX_ESCAPES_MOST:
        raise InvalidInput(_("PDF 内部结构无法检查，请重新导出后再上传"))
    return _HEX.sub(lambda found: bytes([int(found[1], 16)]), text)


def _inflated(stream: bytes, most: int) -> bytes:
    try:
        found = zlib.decompressobj().decompress(stream, most)
    except zlib.error as problem:
        raise InvalidInput(_("PDF 内部结构无法检查，请重新导出后再上传")) from problem
    if len(found) >= most:
        raise InvalidInput(_("PDF 解压后过大，可能是压缩炸弹"))
    return found


def _numbered(header: bytes, inflated: bytes) -> bytes:
    """The objects of one stream written as ``N 0 obj … endobj``, so that references to them can be followed."""
    first = re.search(rb"/First\s+(\d+)", header)
    if first is None:
        return inflated
    offset = int(first[1])
    numbers = [int(number) for number in inflated[:offset].split() if number.isdigit()]
    starts = numbers[1::2]
    if starts != sorted(starts):  # The standard has them rise; otherwise one byte could stand in every object.
        raise InvalidInput(_("PDF 内部结构无法检查，请重新导出后再上传"))
    parts = []
    for number, start, end in zip(numbers[::2], starts, [*starts[1:], len(inflated) - offset], strict=False):
        parts.append(b"%d 0 obj %b endobj" % (number, inflated[offset + start : offset + end]))
    return b"\n".join(parts)


def _opens_plainly(objects: bytes) -> bool:
    """Going to a page when opened is what typesetters write; any other action is refused."""
    for count, match in enumerate(_OPEN_ACTION.finditer(objects)):
        if count >= OPEN_ACTIONS_MOST:
            return False
        target = match[1] or b""
        if target == b"[":
            continue
        if target == b"<<":
            body = objects[match.end() : match.end() + 300].split(b">>")[0]
        elif match[2]:
            reference = re.search(rb"(?<!\d)%d\s+\d+\s+obj" % int(match[2]), objects)
            body = objects[reference.end() :].partition(b"endobj")[0] if reference else b""
            if body.lstrip().startswith(b"["):
                continue
        else:
            return False
        if not re.search(rb"/S\s*/GoTo(?![A-Za-z])", body):
            return False
    return True
