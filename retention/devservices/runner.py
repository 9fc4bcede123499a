"""`make demo`, `make dev`: everything in the foreground, from the services to the pages, ended together."""

import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from honcho import manager as honcho
from honcho.environ import parse_procfile

from retention.devservices.account import remove
from retention.devservices.errors import ServiceError
from retention.devservices.interrupts import end_by_exception
from retention.devservices.leftovers import MARK, RunRecord, end_leftovers
from retention.devservices.places import CHECKOUT, places
from retention.devservices.plans import PLANS, carry_out, say
from retention.devservices.services import reset
from retention.devservices.session import are_replaced, services_for

DEFAULT_PORT = "8000"
# A worker at the end of its task needs more than the five seconds that honcho would give it.
PATIENCE_SECONDS = 20
BY_SIGNAL = frozenset({130, 143})


def main(arguments: Sequence[str]) -> int:
    _carry_the_mark()
    try:
        if list(arguments) == ["reset"]:
            return _alone(_reset)
        if len(arguments) != 1 or arguments[0] not in PLANS:
            raise ServiceError(f"Say one of: {', '.join([*PLANS, 'reset'])}.")
        return _alone(lambda: _run(arguments[0]))
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        sys.stdout.flush()


def mark() -> str:
    """What the processes of this checkout's instance carry, and no others."""
    return f"{places().instance} {CHECKOUT}"


def run_folder() -> Path:
    """Where one run keeps its record and beat's schedule."""
    return CHECKOUT / ".local" / f"{places().instance}-run"


def _carry_the_mark() -> None:
    """Begin again with the mark in the environment, where other processes can see it."""
    if os.environ.get(MARK) != mark():
        os.execve(sys.executable, sys.orig_argv, _environment())  # noqa: S606


def _environment() -> Mapping[str, str]:
    # Settings are named, not left to defaults: importing the project package has named production's.
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "retention.settings.dev",
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "RUN_FOLDER": str(run_folder()),
        # Who starts a demo as root knows that it runs as root.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
        MARK: mark(),
    }


def _alone(work: Callable[[], int]) -> int:
    """Do the work as the only run of this checkout, and leave no process behind."""
    end_by_exception()
    record = RunRecord(run_folder() / "runner")
    record.claim()
    try:
        if end_leftovers(mark()):
            say("Ended what an earlier run had left behind")
        return work()
    finally:
        end_leftovers(mark())
        record.release()


def _reset() -> int:
    if are_replaced():
        raise ServiceError("DATABASE_URL and REDIS_URL name services of your own: only the embedded ones are emptied.")
    reset()
    remove(run_folder())
    say("The demo's data are gone")
    return 0


def _run(name: str) -> int:
    port = _free_port(os.environ.get("PORT") or DEFAULT_PORT)
    say("Starting PostgreSQL and Valkey")
    with services_for(None):
        carry_out(name, "preparation")
        say("Starting web, worker and beat")
        status = _serve(name, port)
        say("Stopping PostgreSQL and Valkey")
    return status


def _serve(name: str, port: str) -> int:
    """Run the Procfile until somebody stops it or one of its processes ends."""
    environment = environment_on(port)
    procfile = parse_procfile((CHECKOUT / PLANS[name].procfile).read_text())
    honcho.KILL_WAIT = PATIENCE_SECONDS
    manager = honcho.Manager()
    for process, command in procfile.processes.items():
        manager.add_process(process, command, env=environment, cwd=str(CHECKOUT))
    herald = f"exec python -m retention.devservices.herald {name} {port}"
    manager.add_process("demo" if name == "demo" else "ready", herald, env=environment, cwd=str(CHECKOUT))
    manager.loop()
    if manager.returncode in BY_SIGNAL:
        return 0
    print("One of the processes ended, so all were stopped; why stands above.", file=sys.stderr)
    return 1


def environment_on(port: str) -> dict[str, str]:
    """Return what the processes are told: the port and, unless somebody named another, the address in mails."""
    return {"SITE_URL": f"http://127.0.0.1:{port}", **os.environ, "PORT": port}


def _free_port(text: str) -> str:
    """The wanted port, made sure that nobody listens there."""
    if not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise ServiceError(f"PORT is {text!r}: write a number from 1 to 65535.")
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", int(text)))
        except PermissionError:
            raise ServiceError(f"Port {text} needs rights that you do not have: try PORT=8001.") from None
        except OSError:
            raise ServiceError(f"Port {text} is in use by another program: stop it, or give PORT=another.") from None
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
