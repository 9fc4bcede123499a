"""The name of a file that somebody brings: kept as far as it neither misleads a reader nor harms a machine."""

import re
import unicodedata
from pathlib import PurePosixPath

from departments.models.attachment import LONGEST_NAME

# Controls and formats (such as the one that writes the rest from right to left), halves of characters, private ones,
# and ends of lines and paragraphs: none is seen, and each can make a name look like another.
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MEANS_SOMETHING_TO_A_MACHINE = re.compile(r'[<>:"|?*/\\;%]')
NAMELESS = "file"


def clean_name(name: str) -> str:
    """Return the last part of the name without what is unseen or means something to a machine, cut to its length."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(character for character in last if unicodedata.category(character) not in UNSEEN)
    plain = " ".join(MEANS_SOMETHING_TO_A_MACHINE.sub("_", seen).split()).strip(". ")
    suffix = PurePosixPath(plain).suffix[:10]
    stem = plain[: len(plain) - len(suffix)] if suffix else plain
    return f"{stem[: LONGEST_NAME - len(suffix)].rstrip('. ') or NAMELESS}{suffix}"


def ending(name: str) -> str:
    """Return what the name ends in after its last dot, in small letters."""
    return PurePosixPath(name).suffix.lower().lstrip(".")
