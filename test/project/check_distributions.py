"""Build wheel and sdist, check what they hold, and run the wheel in an empty environment.

Run by the tox environment `wheel`, from the project's top folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

TOP = Path(__file__).parent.parent.parent


def run(*command: str | Path, cwd: Path = TOP) -> str:
    """Run a command, show its output if it fails, and return what it printed."""
    plain = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONDEVMODE")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=plain,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout}")
    return done.stdout


def build(source: Path, out: Path, *kinds: str) -> None:
    """Build distributions of a source folder."""
    run(sys.executable, "-m", "build", *kinds, "--outdir", out, source)


def members(wheel: Path) -> dict[str, int]:
    """Return the files of a wheel with their checksums, but for the list of the files itself."""
    with zipfile.ZipFile(wheel) as archive:
        return {i.filename: i.CRC for i in archive.infolist() if not i.filename.endswith("RECORD")}


def check_contents(wheel: Path) -> None:
    """Hold the wheel against the source tree: all modules, py.typed, the licence, no more."""
    names = set(members(wheel))
    sources = {str(p.relative_to(TOP)) for p in (TOP / "fastly").rglob("*.py")} | {
        "fastly/py.typed"
    }
    shipped = {name for name in names if ".dist-info/" not in name}
    if shipped != sources:
        sys.exit(f"the wheel differs from the source: {sorted(shipped ^ sources)}")
    if not any(name.endswith("licenses/LICENSE") for name in names):
        sys.exit("the wheel has no licence")


def check_description(wheel: Path) -> None:
    """Check that the description for the package index has no links into the project."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        links = re.findall(r"\]\((?!https:)[^)]*\)", archive.read(name).decode())
    if links:
        sys.exit(f"the description has links that lead nowhere: {links}")


def check_sdist(sdist: Path, wheel: Path, folder: Path) -> None:
    """Build the sdist's wheel, which must be the same."""
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, sdist)
    if members(next(folder.glob("*.whl"))) != members(wheel):
        sys.exit("the sdist builds another wheel")


def check_installed(wheel: Path, folder: Path) -> None:
    """Install the wheel into an empty environment, and show an invoice of the stand-in there."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", wheel)
    run(python, "-m", "pip", "check")
    command = folder / "bin" / "fastly-billing"
    page = run(command, "invoice", "2020-05", "--demo", "--format", "table", cwd=folder)
    if "Invoice 2020-05" not in page:
        sys.exit(f"the demo printed no invoice:\n{page}")
    program = "import fastly, fastly.apis, fastly.models, fastly.testing; print(fastly.__file__)"
    if str(folder) not in run(python, "-c", program, cwd=folder):
        sys.exit("the import did not come from the wheel")


def main() -> None:
    """Check everything, in a temporary folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(TOP, folder / "dist", "--sdist", "--wheel")
        wheel = next((folder / "dist").glob("*.whl"))
        sdist = next((folder / "dist").glob("*.tar.gz"))
        check_contents(wheel)
        check_description(wheel)
        check_sdist(sdist, wheel, folder / "sdist")
        check_installed(wheel, folder / "venv")
    print(f"{wheel.name} and {sdist.name}: contents, rebuilding and an empty environment are good")


if __name__ == "__main__":
    main()
