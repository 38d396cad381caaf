"""docx and xlsx are zip archives: what one claims is judged before a byte is inflated, what it holds while it is."""

import io
import re
import stat
import zipfile

from flask_babel import gettext as _

from market.errors import InvalidInput

ENTRIES_MOST = 1000
INFLATED_MOST = 200 * 1024 * 1024
RATIO_MOST = 100
CHUNK = 64 * 1024

MAIN_PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
_ARCHIVE_MAGIC = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b\x08", b"MSCF", b"BZh")
_PROGRAM_MAGIC = (b"MZ", b"\x7fELF")
_MACRO = re.compile(rb"vbaProject|macroEnabled|activeX|xl/macrosheets|application/vnd\.ms-office", re.IGNORECASE)
_MACRO_NAME = re.compile(r"vbaProject|vbaData|activeX|macrosheets", re.IGNORECASE)
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>", re.IGNORECASE)
# A packaged file inside a document; equations and drawings are stored otherwise.
_PACKAGE = "\x01Ole10Native".encode("utf-16-le")


def check_office(data: bytes, kind: str) -> None:
    """Raises InvalidInput when the archive is not a plain ``kind`` document (``docx`` or ``xlsx``)."""
    if not data.startswith(b"PK\x03\x04") or data[-22:-18] != b"PK\x05\x06" or data[-2:] != b"\0\0":
        raise InvalidInput(_("文件不是完整的 %(kind)s 文档，请用办公软件另存后再上传", kind=kind))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_claims(entries, len(data))
            if MAIN_PARTS[kind] not in archive.namelist() or "[Content_Types].xml" not in archive.namelist():
                raise InvalidInput(_("文件内容与扩展名不符"))
            left = INFLATED_MOST
            for entry in entries:
                left -= _check_entry(archive, entry, left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as problem:
        raise InvalidInput(_("文件已损坏，无法打开")) from problem


def _check_claims(entries: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > ENTRIES_MOST:
        raise InvalidInput(_("文档内部文件过多，可能是压缩炸弹"))
    inflated = sum(entry.file_size for entry in entries)
    if inflated > INFLATED_MOST or inflated > RATIO_MOST * max(size, 1):
        raise InvalidInput(_("文档解压后过大，可能是压缩炸弹"))
    names = [entry.orig_filename for entry in entries]
    if len(set(names)) != len(names):
        raise InvalidInput(_("文档内部有重名文件，已拒绝"))
    for entry in entries:
        name = entry.orig_filename
        if name.startswith("/") or "\\" in name or ":" in name or "\0" in name or ".." in name.split("/"):
            raise InvalidInput(_("文档内部含有越界路径，已拒绝"))
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise InvalidInput(_("文档内部含有链接文件，已拒绝"))
        if entry.flag_bits & 0x1:
            raise InvalidInput(_("文档设有密码，无法检查，请去掉密码后再上传"))
        if _MACRO_NAME.search(name):
            raise InvalidInput(_("文档含有宏或 ActiveX 控件，请另存为不含宏的文档后再上传"))


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> int:
    """Inflate one entry in pieces; returns its size. The declared sizes may lie, the count does not."""
    size, kept = 0, b""
    with archive.open(entry) as file:
        while piece := file.read(CHUNK):
            size += len(piece)
            if size > left:
                raise InvalidInput(_("文档解压后过大，可能是压缩炸弹"))
            # A sign may lie across two pieces: the tail of the last one stays in front.
            window = (kept[-64:] if size > CHUNK else b"") + piece
            _check_piece(entry.filename, window, is_first=size <= CHUNK)
            if entry.filename.endswith((".rels", "[Content_Types].xml")):
                kept += piece
            else:
                kept = piece
    if entry.filename.endswith(".rels"):
        _check_relationships(kept)
    if entry.filename == "[Content_Types].xml" and _MACRO.search(kept):
        raise InvalidInput(_("文档含有宏或 ActiveX 控件，请另存为不含宏的文档后再上传"))
    return size


def _check_piece(name: str, piece: bytes, *, is_first: bool) -> None:
    if is_first and piece.startswith(_ARCHIVE_MAGIC):
        raise InvalidInput(_("文档内嵌了另一个文档或压缩包，请改贴图片，或导出为 PDF 后再上传"))
    if (is_first and piece.startswith(_PROGRAM_MAGIC)) or _PACKAGE in piece:
        raise InvalidInput(_("文档内嵌了程序或文件，已拒绝"))
    if name.endswith((".xml", ".rels", ".vml")) and (b"<!DOCTYPE" in piece or b"<!ENTITY" in piece):
        raise InvalidInput(_("文档内部结构异常，已拒绝"))


def _check_relationships(xml: bytes) -> None:
    """Links that a reader clicks are fine; anything the program would fetch by itself is not."""
    if b"\0" in xml:
        raise InvalidInput(_("文档内部结构异常，已拒绝"))
    for tag in _RELATIONSHIP.findall(xml):
        if re.search(rb"TargetMode\s*=\s*[\"']External", tag, re.IGNORECASE) and not re.search(
            rb"Type\s*=\s*[\"'][^\"']*/hyperlink[\"']", tag, re.IGNORECASE
        ):
            raise InvalidInput(_("文档引用了外部文件或模板，请断开链接后再上传"))
