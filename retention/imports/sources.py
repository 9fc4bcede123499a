"""A file as a stream of text, whatever its compression and encoding."""

import codecs
import gzip
import io
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from charset_normalizer import from_bytes

from retention.imports.errors import UnreadableFile

SAMPLE_BYTES = 64 * 1024
# Longer than any honest line: a small file can unpack to one that fills the memory.
LONGEST_LINE_BYTES = 256 * 1024
GZIP_MAGIC, XZ_MAGIC, ZIP_MAGIC = b"\x1f\x8b", b"\xfd7zXZ\x00", b"PK\x03\x04"
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Stands where bytes could not be decoded, so that only the line that holds them is refused.
UNDECODABLE = "\udcff"


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


def _read_as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("holdfast-mark", _mark_undecodable)
codecs.register_error("holdfast-windows", _read_as_windows)


@dataclass(frozen=True)
class Encoding:
    """A codec and what to do with bytes that it cannot decode."""

    name: str
    errors: str = "holdfast-mark"


class _BoundedLines(io.RawIOBase):
    """The bytes of another stream, until a line of them is too long."""

    def __init__(self, path: Path, content: IO[bytes]) -> None:
        self._path = path
        self._content = content
        self._since_line_end = 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; raises UnreadableFile where a line does not end."""
        chunk = self._content.read(len(buffer))
        end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self._since_line_end = len(chunk) - end - 1 + (self._since_line_end if end < 0 else 0)
        if self._since_line_end > LONGEST_LINE_BYTES:
            raise UnreadableFile(f"{self._path}: a line is longer than {LONGEST_LINE_BYTES // 1024} KiB")
        buffer[: len(chunk)] = chunk
        return len(chunk)


class Source:
    """An open file: its bytes uncompressed, and the file itself for telling how far reading has come."""

    def __init__(self, path: Path, content: IO[bytes], file: IO[bytes]) -> None:
        self.path = path
        self.content = content
        self.file = file
        self._text: io.TextIOWrapper | None = None

    def position(self) -> int:
        """Bytes of the file as stored that were read so far."""
        return self.file.tell()

    def text(self, encoding: Encoding) -> io.TextIOWrapper:
        """The content as text; line ends stay as they are, because the CSV reader wants to see them."""
        lines = io.BufferedReader(_BoundedLines(self.path, self.content), SAMPLE_BYTES)
        self._text = io.TextIOWrapper(lines, encoding.name, encoding.errors, newline="")
        return self._text

    def close(self) -> None:
        """Close the file and all that reads from it."""
        if self._text is not None:
            self._text.close()
        self.content.close()
        self.file.close()


def open_source(path: Path) -> Source:
    """Open a file for reading; compression is told by its first bytes, not by its name."""
    try:
        file = path.open("rb")
        magic = file.read(6)
        file.seek(0)
    except OSError as error:
        raise UnreadableFile(f"{path}: {error.strerror or error}") from error
    if magic.startswith(GZIP_MAGIC):
        return Source(path, cast(IO[bytes], gzip.GzipFile(fileobj=file)), file)
    if magic.startswith(XZ_MAGIC):
        return Source(path, cast(IO[bytes], lzma.LZMAFile(file)), file)
    return Source(path, file, file)


def sample_of(path: Path) -> bytes:
    """The first bytes of a file, uncompressed."""
    source = open_source(path)
    try:
        return source.content.read(SAMPLE_BYTES)
    except (EOFError, OSError, lzma.LZMAError) as error:
        raise UnreadableFile(f"{path}: damaged or cut off: {error}") from error
    finally:
        source.close()


def detect_encoding(sample: bytes) -> Encoding:
    """Guess the encoding from the first bytes: byte order mark, UTF-8, UTF-16 by its zeros, then statistics."""
    for mark, name in BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            return Encoding(name)
    if sample.isascii() and b"\0" not in sample:
        # Nothing is decided yet: what comes later is UTF-8 where it can be, otherwise the old Windows code page.
        return Encoding("utf-8", "holdfast-windows")
    if b"\0" in sample:
        return Encoding("utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be")
    return Encoding("utf-8") if _is_utf8(sample) else Encoding(_likely_code_page(sample))


def _is_utf8(sample: bytes) -> bool:
    # A few damaged bytes do not make another encoding: what reads as UTF-8 hardly ever does so by chance.
    text = sample.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    return sum(not letter.isascii() for letter in text) > 2 * damaged


def _likely_code_page(sample: bytes) -> str:
    best = from_bytes(sample).best()
    name = best.encoding if best is not None else "cp1252"
    # In Western files the statistics often name a rare relative; the common code page reads the same letters.
    return "cp1252" if name in {"cp1250", "cp1252", "latin_1", "iso8859_1", "cp1257", "cp1258", "mac_roman"} else name


def named_encoding(name: str) -> Encoding:
    """The encoding that a person asked for by name; LookupError where there is none such."""
    codecs.lookup(name)
    return Encoding(name)
