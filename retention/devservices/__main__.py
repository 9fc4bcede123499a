"""The command line: `python -m retention.devservices start|stop|status|reset|urls|run`."""

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence

from retention.devservices import ServiceError, reset, start, status, stop, urls
from retention.devservices.session import services_for

NOT_RUNNING = 3


def main() -> int:
    own, theirs = _split(sys.argv[1:])
    options = _parser().parse_args(own)
    try:
        if options.command == "run":
            return _run(options.instance, theirs)
        return COMMANDS[options.command](options.instance)
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m retention.devservices", description=__doc__)
    parser.add_argument("command", choices=[*COMMANDS, "run"])
    parser.add_argument("--instance", help="which set of services; dev unless HOLDFAST_SERVICES names one")
    parser.epilog = "run: python -m retention.devservices run -- COMMAND, which needs the services"
    return parser


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """What stands before `--` is ours, what stands behind it is the command to run."""
    end = words.index("--") if "--" in words else len(words)
    return words[:end], words[end + 1 :]


def _run(instance: str | None, arguments: Sequence[str]) -> int:
    """Run a command with the services up; those that were not up before are stopped afterwards."""
    if not arguments:
        raise ServiceError("Say what to run: python -m retention.devservices run -- COMMAND")
    with services_for(instance):
        return subprocess.run(arguments, check=False).returncode


def _start(instance: str | None) -> int:
    start(instance)
    return 0


def _stop(instance: str | None) -> int:
    stop(instance)
    return 0


def _reset(instance: str | None) -> int:
    reset(instance)
    return 0


def _status(instance: str | None) -> int:
    found = status(instance)
    for name, pid in (("PostgreSQL", found.postgresql), ("Valkey", found.valkey)):
        print(f"{name}: {'not running' if pid is None else f'running, process {pid}'}")
    return 0 if found.is_complete else NOT_RUNNING


def _urls(instance: str | None) -> int:
    found = urls(instance)
    print(f"DATABASE_URL={found.database}\nREDIS_URL={found.redis}")
    return 0


COMMANDS: dict[str, Callable[[str | None], int]] = {
    "start": _start,
    "stop": _stop,
    "status": _status,
    "reset": _reset,
    "urls": _urls,
}

if __name__ == "__main__":
    sys.exit(main())
