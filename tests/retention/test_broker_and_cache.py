"""The queue and the cache share a server and nothing else."""

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection

from retention.settings.environment import redis


def test_emptying_the_cache_leaves_the_queue() -> None:
    cache.set("kept-apart", 1)
    with Connection(settings.CELERY_BROKER_URL) as connection, connection.SimpleQueue("kept-apart") as queue:
        queue.put("a message")
        cache.clear()
        assert cache.get("kept-apart") is None
        message = queue.get(timeout=10)
        message.ack()
        assert message.payload == "a message"


@pytest.mark.parametrize(
    ("url", "broker", "store"),
    [
        ("redis://host:6379/0", "redis://host:6379/0", "redis://host:6379/1"),
        ("redis://host", "redis://host/0", "redis://host/1"),
        ("rediss://:word@host:1/4?ssl=x", "rediss://:word@host:1/4?ssl=x", "rediss://:word@host:1/5?ssl=x"),
        ("unix:///a/b.sock", "redis+socket:///a/b.sock?virtual_host=0", "unix:///a/b.sock?db=1"),
        ("unix:///a/b.sock?db=2", "redis+socket:///a/b.sock?virtual_host=2", "unix:///a/b.sock?db=3"),
        ("redis+socket:///a/b.sock?virtual_host=2", "redis+socket:///a/b.sock?virtual_host=2", "unix:///a/b.sock?db=3"),
    ],
)
def test_the_cache_has_the_database_after_the_brokers(url: str, broker: str, store: str) -> None:
    assert redis(url) == (broker, store)


def test_a_database_that_is_no_number_is_refused_with_a_sentence() -> None:
    with pytest.raises(ImproperlyConfigured, match="write a number"):
        redis("redis://host:6379/cache")
