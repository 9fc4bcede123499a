"""Runs a worker apart from the group that honcho ends: told to end, it finishes its tasks before its processes go.

Honcho sends its signal to the whole group; a pool's processes would die of it in the middle of their tasks.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType


def main(command: Sequence[str]) -> int:
    """Run the command in a session of its own, and hand on to it alone what ends this process."""
    child = subprocess.Popen(command, start_new_session=True)

    def hand_on(number: int, frame: FrameType | None) -> None:
        child.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hand_on)
    return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
