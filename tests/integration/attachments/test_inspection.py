"""Hostile and honest files: the verdict is by content, the message for people."""

import io
import os
import struct
import zipfile
import zlib

import pytest
from flask import Flask
from PIL import Image

from market.attachments.inspection import NAME_MOST, clean_filename, inspect_upload
from market.errors import InvalidInput
from tests.builders.files import CONTENT_TYPES, docx, pdf, picture, xlsx

EXTERNAL = '<Relationship Id="r1" Type="http://x/{}" Target="http://example.invalid/a" TargetMode="External"/>'


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return output.getvalue()


def with_symlink() -> bytes:
    output = io.BytesIO(docx())
    with zipfile.ZipFile(output, "a") as archive:
        link = zipfile.ZipInfo("word/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return output.getvalue()


def lying_bomb() -> bytes:
    """The directory claims ten bytes, the stream holds megabytes."""
    data = bytearray(docx({"word/media/x.bin": bytes(3_000_000)}))
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"word/media/x.bin"))
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    return bytes(data)


def encrypted_entry() -> bytes:
    data = bytearray(docx())
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    return bytes(data)


def pixel_flood() -> bytes:
    """A PNG header of 60,000 × 60,000 pixels in a few bytes."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def hidden_in_object_stream(content: bytes) -> bytes:
    """PDF 1.5 packs objects into compressed streams where a plain search sees nothing."""
    body = zlib.compress(b"7 0 " + content)
    head = b"<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>" % len(body)
    stream = head + b"\nstream\n" + body + b"\nendstream"
    return pdf().replace(b"trailer", b"5 0 obj\n" + stream + b"\nendobj\ntrailer")


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
HTML = b"<!doctype html><script>alert(1)</script>"
EXE = b"MZ\x90\x00" + bytes(200)
OLE_PACKAGE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "\x01Ole10Native".encode("utf-16-le")

HOSTILE = {
    "empty.pdf": b"",
    "program.exe": EXE,
    "program.pdf": EXE,
    "program.docx": EXE,
    "program.jpg": EXE,
    "page.html": HTML,
    "page.pdf": HTML,
    "page.png": HTML,
    "drawing.svg": SVG,
    "drawing.png": SVG,
    "script.pdf.js": pdf(),
    "noextension": pdf(),
    "picture.pdf": picture(),
    "picture.jpg": picture("PNG"),
    "paper.png": pdf(),
    "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    "macro.docm": docx(),
    "sheet.docx": xlsx(),
    "text.xlsx": docx(),
    "plain.docx": zipped(("a.txt", b"x")),
    "bomb.docx": docx({"word/media/x.bin": bytes(150_000_000)}),
    "lying.docx": lying_bomb(),
    "many.docx": docx({f"word/media/{n}.xml": "<a/>" for n in range(1001)}),
    "slip.docx": docx({"../../etc/cron.d/x": "x"}),
    "absolute.docx": docx({"/etc/passwd": "x"}),
    "windows.docx": docx({"C:/x": "x"}),
    "backslash.docx": docx({"word\\..\\..\\x": "x"}),
    "symlink.docx": with_symlink(),
    "password.docx": encrypted_entry(),
    "nested.docx": docx({"word/embeddings/inner.zip": zipped(("a", b"b"))}),
    "nested2.docx": docx({"word/embeddings/book.xlsx": xlsx()}),
    "carried.docx": docx({"word/embeddings/run.bin": EXE}),
    "package.docx": docx({"word/embeddings/ole.bin": OLE_PACKAGE}),
    "macro.docx": docx({"word/vbaProject.bin": b"x"}),
    "macrotype.docx": docx({"[Content_Types].xml": CONTENT_TYPES.replace("document.main", "macroEnabled.main")}),
    "activex.docx": docx({"word/activeX/activeX1.xml": "<a/>"}),
    "template.docx": docx(relationships=EXTERNAL.format("attachedTemplate")),
    "oleLink.docx": docx(relationships=EXTERNAL.format("oleObject")),
    "remote.docx": docx(relationships=EXTERNAL.format("image")),
    "xxe.docx": docx({"word/x.xml": "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"}),
    "torn.docx": docx()[:-40],
    "prefixed.docx": b"#!/bin/sh\n" + docx(),
    "trailed.docx": docx() + b"<script>",
    "javascript.pdf": pdf(extra="/Names << /JavaScript 2 0 R >>"),
    "hexname.pdf": pdf(extra="/Names << /J#61vaScript 2 0 R >>"),
    "openaction.pdf": pdf(extra="/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"),
    "openuri.pdf": pdf(extra="/OpenAction << /S /URI /URI (http://example.invalid) >>"),
    "openmissing.pdf": pdf(extra="/OpenAction 99 0 R"),
    "launch.pdf": pdf(extra="/A << /S /Launch /F (cmd.exe) >>"),
    "embedded.pdf": pdf(extra="/Names << /EmbeddedFiles 2 0 R >>"),
    "submit.pdf": pdf(extra="/A << /S /SubmitForm >>"),
    "events.pdf": pdf(extra="/AA << /O 3 0 R >>"),
    "locked.pdf": pdf(extra="/Encrypt 9 0 R"),
    "hiddenname.pdf": hidden_in_object_stream(b"<< /S /JavaScript /JS (x) >>").replace(b"/ObjStm", b"/Obj#53tm"),
    "hidden.pdf": hidden_in_object_stream(b"<< /S /JavaScript /JS (x) >>"),
    "torn.pdf": pdf()[:-8],
    "trailed.pdf": pdf() + b"<script>alert(1)</script>",
    "zipped.pdf": pdf() + zipped(("a", b"b")),
    "behind.pdf": b"GIF89a" + pdf(),
    "flood.png": pixel_flood(),
    "torn.png": picture()[:50],
    "torn.jpg": picture("JPEG")[:200],
}
HONEST = {
    "方案.pdf": pdf(),
    "hyperref.pdf": pdf(extra="/OpenAction [3 0 R /Fit]"),
    "goto.pdf": pdf(extra="/OpenAction << /S /GoTo /D [3 0 R /Fit] >>"),
    "packed.pdf": hidden_in_object_stream(b"<< /Type /Page >>"),
    "正文.docx": docx(),
    "linked.docx": docx(relationships=EXTERNAL.format("hyperlink")),
    "equation.docx": docx({"word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)}),
    "表.xlsx": xlsx(),
    "图.PNG": picture(),
    "照片.jpeg": picture("JPEG"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_in_words(app: Flask, name: str) -> None:
    with pytest.raises(InvalidInput) as problem:
        inspect_upload(name, HOSTILE[name], 20)
    assert any("\u4e00" <= character <= "\u9fff" for character in problem.value.message)


@pytest.mark.parametrize(
    "filler",
    [
        b"<<",
        b"stream\n",
        b"<< /ObjStm >>stream\n",
        b"7 0 obj ",
        b"/OpenAction 7 0 R 7 0 obj ",
        b"#41",
        b"obj<</Type",
        b"endstream",
    ],
)
def test_a_file_made_to_waste_time_is_answered(app: Flask, filler: bytes) -> None:
    """Two megabytes of what makes a careless search begin again at every place, which would take days."""
    data = pdf().replace(b"trailer", filler * (2_000_000 // len(filler)) + b"\ntrailer")
    try:
        answered = inspect_upload("a.pdf", data, 20).data == data
    except InvalidInput as problem:
        answered = "PDF" in problem.message
    assert answered


def test_objects_packed_over_one_another_are_refused(app: Flask) -> None:
    """Each of them would be written out whole: a few kilobytes for gigabytes of memory."""
    index = b"".join(b"%d %d " % (number, number % 2) for number in range(20_000))
    body = zlib.compress(index + bytes(1_000_000))
    head = b"<< /Type /ObjStm /N 20000 /First %d /Filter /FlateDecode /Length %d >>" % (len(index), len(body))
    data = pdf().replace(b"trailer", b"5 0 obj\n" + head + b"\nstream\n" + body + b"\nendstream\nendobj\ntrailer")
    with pytest.raises(InvalidInput, match="PDF"):
        inspect_upload("a.pdf", data, 20)


@pytest.mark.parametrize("name", HONEST)
def test_honest_file_is_taken(app: Flask, name: str) -> None:
    found = inspect_upload(name, HONEST[name], 20)
    if not found.content_type.startswith("image/"):
        assert found.data == HONEST[name]


def test_size_limit_is_the_rules(app: Flask) -> None:
    data = docx({"word/media/x.bin": os.urandom(1024 * 1024)})
    assert inspect_upload("a.docx", data, 2).data == data
    with pytest.raises(InvalidInput, match="超过 1 MB"):
        inspect_upload("a.docx", data, 1)


def test_picture_loses_its_exif_and_whatever_trails(app: Flask) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    data = picture("JPEG", exif=exif) + b"<script>alert(1)</script>"
    assert b"SECRET-CAMERA" in data
    kept = inspect_upload("a.jpg", data, 20).data
    assert b"SECRET-CAMERA" not in kept and b"script" not in kept
    assert Image.open(io.BytesIO(kept)).size == (40, 30)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\用户\\方案.pdf", "方案.pdf"),
        ("a\x00b\x1fc.pdf", "abc.pdf"),
        ("方案\u202efdp.exe.pdf", "方案fdp.exe.pdf"),
        ('a"b<c>d|e?.pdf', "a_b_c_d_e_.pdf"),
        ("  .hidden.pdf", "hidden.pdf"),
        ("e\u0301tude.pdf", "\u00e9tude.pdf"),
        ("a\r\nContent-Type: x.pdf", "aContent-Type_ x.pdf"),
    ],
)
def test_file_name_is_cleaned(name: str, kept: str) -> None:
    assert clean_filename(name) == kept


def test_over_long_name_keeps_its_extension() -> None:
    assert len(clean_filename("长" * 500 + ".pdf")) <= NAME_MOST
    assert clean_filename("长" * 500 + ".pdf").endswith(".pdf")
