"""Management commands one after the other in one process, since starting Django costs more than most of them.

Not imported by anything: the other modules here run before Django is needed.
"""

import sys

import django
from django.core.management import CommandError, call_command

from retention.devservices.plans import PLANS, say


def main(plan: str, part: str) -> int:
    """Run the commands of one part (`preparation` or `announcement`) of a plan."""
    django.setup()
    for sentence, command in getattr(PLANS[plan], part):
        say(sentence)
        name, *arguments = command.split()
        try:
            call_command(name, *arguments)
        except CommandError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        # Ctrl-C goes to the runner as well, which tells and tidies up.
        sys.exit(130)
