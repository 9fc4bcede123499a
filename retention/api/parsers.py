"""Reading a request's body: JSON, of a size that fits into memory many times over."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class TooLarge(APIException):
    """The body is larger than the server reads."""

    status_code = 413
    default_detail = "The request's body is too large: send fewer items a call."


class BoundedJSONParser(JSONParser):
    """Reads JSON up to DATA_UPLOAD_MAX_MEMORY_SIZE bytes, which Django itself checks for forms only."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body; raises TooLarge, or ParseError where it is not JSON."""
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0):
            raise TooLarge
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("it is nested too deeply") from None
