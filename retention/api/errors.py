"""What a caller is told when something is refused: one shape for every error.

`{"detail": sentence, "errors": [{"field": path, "reason": sentence}, …]}`; `errors` is empty where no field is wrong.
"""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts.errors import ActionError, Conflict, Invalid, NotAllowed

WHOLE = ""
WRONG_FIELDS = "Some fields are wrong."

Problem = dict[str, str]


class Refused(APIException):
    """An action refused what was asked; the sentence is the action's own."""

    def __init__(self, error: ActionError) -> None:
        super().__init__(str(error))
        self.status_code = _status(error)
        self.problems = _problems_of_action(error)


class TooLarge(APIException):
    """The body is larger than DATA_UPLOAD_MAX_MEMORY_SIZE."""

    status_code = 413
    default_detail = "The request's body is too large: send fewer items a call."


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into a response; None for a fault of our own, which is logged and answered with 500."""
    if isinstance(error, ActionError):
        error = Refused(error)
    if isinstance(error, RequestDataTooBig):
        error = TooLarge()
    response = exception_handler(error, context)
    if response is not None:
        response.data = _body(error, response.data)
    return response


def problems_in(detail: Any, path: str = WHOLE) -> Iterator[Problem]:
    """Yield each refused field of a validation error's detail, however deep, with its path and reason."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from problems_in(inner, _join(path, name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from problems_in(inner, path if isinstance(inner, str) else _join(path, str(index)))
    else:
        yield {"field": path, "reason": str(detail)}


def _join(path: str, name: str) -> str:
    if name == "non_field_errors":
        return path
    return f"{path}.{name}" if path else name


def _body(error: Exception, data: Any) -> dict[str, Any]:
    if isinstance(error, Refused):
        return {"detail": str(error.detail), "errors": error.problems}
    if isinstance(error, ValidationError):
        problems = list(problems_in(error.detail))
        return {"detail": _summary(problems), "errors": problems}
    detail = data.get("detail", "") if isinstance(data, dict) else data
    code = detail.code if isinstance(detail, ErrorDetail) else ""
    if isinstance(error, ParseError):
        return {"detail": f"The request's body cannot be read: {detail}", "errors": []}
    return {"detail": _sentence(str(detail), code), "errors": []}


def _sentence(detail: str, code: str | None) -> str:
    return "There is no such record, or you may not see it." if code == "not_found" else detail


def _summary(problems: list[Problem]) -> str:
    whole = [problem["reason"] for problem in problems if problem["field"] == WHOLE]
    return " ".join(whole) if whole and len(whole) == len(problems) else WRONG_FIELDS


def _status(error: ActionError) -> int:
    if isinstance(error, NotAllowed):
        return 403
    return 409 if isinstance(error, Conflict) else 400


def _problems_of_action(error: ActionError) -> list[Problem]:
    field = error.field if isinstance(error, Invalid) else None
    return [{"field": field, "reason": str(error)}] if field else []
