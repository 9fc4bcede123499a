"""Of which kind a file is, by what it holds: a short list, and whatever is not on it is refused."""

import io
import zipfile
from collections.abc import Callable, Mapping

from accounts.errors import Invalid
from departments.attachments.names import ending
from departments.models.attachment import FileKind

ENDINGS: Mapping[str, FileKind] = {
    "pdf": FileKind.PDF,
    "png": FileKind.PNG,
    "jpg": FileKind.JPEG,
    "jpeg": FileKind.JPEG,
    "webp": FileKind.WEBP,
    "txt": FileKind.TEXT,
    "csv": FileKind.CSV,
    "xlsx": FileKind.XLSX,
    "docx": FileKind.DOCX,
}
WHAT_IS_TAKEN = "PDF, PNG, JPEG, WebP, plain text, CSV, XLSX and DOCX"
# A PDF ends within so many bytes after its last mark.
PDF_TAIL = 2_048
# An office file unpacks to no more than this, and holds no more parts.
MOST_UNPACKED, MOST_PARTS = 200 * 1024 * 1024, 5_000
NO_CONTROLS = bytes(code for code in range(256) if (code >= 32 and code != 127) or code in b"\t\n\r\f")
OFFICE_PARTS: Mapping[FileKind, str] = {FileKind.XLSX: "xl/workbook.xml", FileKind.DOCX: "word/document.xml"}


def kind_of(name: str, data: bytes) -> FileKind:
    """Return the kind that both the name and the content tell of; raises Invalid where they do not agree."""
    kind = ENDINGS.get(ending(name))
    if kind is None:
        raise Invalid("file", f"“{name}” is of no kind that is taken: {WHAT_IS_TAKEN}.")
    if not data:
        raise Invalid("file", f"“{name}” is empty.")
    if not TESTS[kind](data):
        raise Invalid("file", f"“{name}” is called {kind.label}, but does not hold one.")
    return kind


def _is_pdf(data: bytes) -> bool:
    return data.startswith(b"%PDF-") and b"%%EOF" in data[-PDF_TAIL:]


def _is_png(data: bytes) -> bool:
    return data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and b"IEND" in data[-64:]


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in data[-PDF_TAIL:]


def _is_webp(data: bytes) -> bool:
    length = int.from_bytes(data[4:8], "little") + 8
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP" and len(data) in (length, length + 1)


def _is_text(data: bytes) -> bool:
    """Text has no control characters, in UTF-8 or in one of the alphabets of eight bits that spreadsheets write."""
    return not data.startswith((b"%PDF-", b"PK\x03\x04", b"{\\rtf")) and not data.translate(None, NO_CONTROLS)


def _office(kind: FileKind) -> Callable[[bytes], bool]:
    def holds_one(data: bytes) -> bool:
        """An office file is an archive with its main part, no macros, and of a size that can be unpacked."""
        if not data.startswith(b"PK\x03\x04"):
            return False
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                parts = archive.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
            return False
        names = {part.filename for part in parts}
        fits = len(parts) <= MOST_PARTS and sum(part.file_size for part in parts) <= MOST_UNPACKED
        carries_macros = any(name.lower().endswith(("vbaproject.bin", ".exe", ".dll", ".js")) for name in names)
        return fits and not carries_macros and {"[Content_Types].xml", OFFICE_PARTS[kind]} <= names

    return holds_one


TESTS: Mapping[FileKind, Callable[[bytes], bool]] = {
    FileKind.PDF: _is_pdf,
    FileKind.PNG: _is_png,
    FileKind.JPEG: _is_jpeg,
    FileKind.WEBP: _is_webp,
    FileKind.TEXT: _is_text,
    FileKind.CSV: _is_text,
    FileKind.XLSX: _office(FileKind.XLSX),
    FileKind.DOCX: _office(FileKind.DOCX),
}
