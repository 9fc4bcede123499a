"""What an action answers when it cannot be done: each carries a sentence for the person who asked."""


class ActionError(Exception):
    """The action was refused and nothing was changed; `str()` of it is a sentence for the person."""


class NotAllowed(ActionError):  # noqa: N818 - it reads as what it says
    """The person sees this, but may not do it."""


class Conflict(ActionError):  # noqa: N818
    """Somebody else was first, or the record is in a state that does not allow it."""


class Invalid(ActionError):  # noqa: N818
    """A value cannot be right; `field` names it, or is None where several do not fit together."""

    def __init__(self, field: str | None, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field
