"""Reading settings from the environment: a wrong value stops the start with a sentence."""

import os
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})


def required(name: str, meaning: str) -> str:
    """Return a variable that has no sensible default."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {meaning}. See .env.example.")
    return value


def text(name: str, default: str) -> str:
    """Return a variable, or its default where it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def words(name: str, default: str) -> list[str]:
    """Return a comma-separated variable as a list without blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def boolean(name: str, default: str) -> bool:
    """Return a yes-or-no variable."""
    value = text(name, default).lower()
    if value in TRUE_WORDS:
        return True
    if value in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}: write true or false.")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number between least and most."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}: write a whole number.") from None
    if not least <= number <= most:
        raise ImproperlyConfigured(f"{name} is {number}: it must lie between {least} and {most}.")
    return number


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Return a variable that must be one of a few words."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}: write one of {', '.join(allowed)}.")
    return value


def database(url: str) -> dict[str, object]:
    """Turn a postgresql:// URL into Django's settings; the host may be a socket's folder (?host=)."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://: only PostgreSQL is supported.")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured("DATABASE_URL names no database: write postgresql://user:password@host:5432/name.")
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [unquote(parts.hostname or "")])[0],
        "PORT": _port(parts.netloc),
        "OPTIONS": {key: values[0] for key, values in query.items() if key != "host"},
    }


def _port(netloc: str) -> str:
    port = netloc.rpartition("@")[2].rpartition(":")[2] if ":" in netloc.rpartition("@")[2] else ""
    if port and not port.isdigit():
        raise ImproperlyConfigured(f"DATABASE_URL has the port {port!r}: write a number.")
    return port


def redis(url: str) -> tuple[str, str]:
    """Return the addresses of the broker and of the cache at one Redis or Valkey server, as Celery and redis-py ask.

    The cache has the database after the broker's, so that emptying the one never empties the queue.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"redis", "rediss", "unix", "redis+socket"}:
        raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")
    if scheme in {"unix", "redis+socket"}:
        path, _, query = rest.partition("?")
        options = dict(parse_qsl(query))
        number = _database_number(options.pop("virtual_host", options.pop("db", "0")))
        broker = urlencode({"virtual_host": number, **options})
        cache = urlencode({"db": number + 1, **options})
        return f"redis+socket://{path}?{broker}", f"unix://{path}?{cache}"
    parts = urlsplit(url)
    number = _database_number(parts.path.strip("/") or "0")
    return parts._replace(path=f"/{number}").geturl(), parts._replace(path=f"/{number + 1}").geturl()


def _database_number(text: str) -> int:
    if not text.isdigit():
        raise ImproperlyConfigured(
            f"REDIS_URL names the database {text!r}: write a number, such as redis://host:6379/0."
        )
    return int(text)
