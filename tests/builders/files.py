"""Small honest files of every allowed kind, made by the programs people use."""

import io
import zipfile

from openpyxl import Workbook
from PIL import Image
from werkzeug.datastructures import FileStorage

CONTENT_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml"
 ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""
RELATIONSHIPS = """<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>"""


def pdf(text: str = "hello", extra: str = "") -> bytes:
    body = f"1 0 obj\n<< /Type /Catalog {extra} >>\nendobj\n% {text}\ntrailer\n<< /Root 1 0 R >>"
    return f"%PDF-1.7\n{body}\nstartxref\n9\n%%EOF\n".encode()


def docx(entries: dict[str, bytes | str] | None = None, relationships: str = "") -> bytes:
    """A document; ``entries`` are added to the archive, ``relationships`` to the document's."""
    parts: dict[str, bytes | str] = {
        "[Content_Types].xml": CONTENT_TYPES,
        "word/document.xml": "<w:document xmlns:w='x'><w:body><w:p>烧结曲线</w:p></w:body></w:document>",
        "word/_rels/document.xml.rels": RELATIONSHIPS.format(relationships),
        **(entries or {}),
    }
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return output.getvalue()


def xlsx() -> bytes:
    book, output = Workbook(), io.BytesIO()
    book.active["A1"] = "密度"  # pyright: ignore[reportOptionalSubscript]
    book.save(output)
    return output.getvalue()


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", size, "navy").save(output, kind, **options)  # pyright: ignore[reportArgumentType]
    return output.getvalue()


def upload(name: str, data: bytes) -> FileStorage:
    return FileStorage(io.BytesIO(data), filename=name)
