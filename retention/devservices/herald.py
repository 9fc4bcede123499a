"""Tells when the pages are ready: runs beside web and worker, does what needs them, then only waits."""

import signal
import sys
import time
import urllib.error
import urllib.request

from retention.devservices.errors import ServiceError
from retention.devservices.plans import carry_out, say

READY_SECONDS = 120


def main(plan: str, port: str) -> int:
    address = f"http://127.0.0.1:{port}"
    try:
        carry_out(plan, "announcement")
        wait_for(f"{address}/healthz")
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    say(f"Ready: {address} (Ctrl-C stops everything)")
    signal.pause()
    return 0


def wait_for(url: str) -> None:
    """Wait until the address answers."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 (our own http address)
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise ServiceError(f"{url} did not answer within {READY_SECONDS} seconds.")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
