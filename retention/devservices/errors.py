"""What goes wrong with the embedded services, as a sentence for the person at the keyboard."""


class ServiceError(Exception):
    """A service cannot be started, stopped or named; the message says why and what to do."""
