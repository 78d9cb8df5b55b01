"""Digests are asked of Docker, which a program stands for here that knows some."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ("docker-compose.yml", "Dockerfile")
IMAGES = {
    "postgres:18": "a" * 64,
    "valkey/valkey:9": "b" * 64,
    "rabbitmq:4-management-alpine": "c" * 64,
    "python:3.13-slim": "d" * 64,
}
DOCKER = """#!{python}
import sys
known = {known!r}
assert sys.argv[1:4] == ["buildx", "imagetools", "inspect"], sys.argv
if sys.argv[4] not in known:
    sys.exit("no such image")
print("sha256:" + known[sys.argv[4]])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def pin(folder: Path, known: dict[str, str] | None) -> subprocess.CompletedProcess[str]:
    """Run the script where Docker knows these digests; None: where there is no Docker."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    docker = programs / "docker"
    docker.unlink(missing_ok=True)
    if known is not None:
        docker.write_text(DOCKER.format(python=sys.executable, known=known))
        docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "pin_images.py", folder],
        env={**os.environ, "PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )


def images(folder: Path) -> set[str]:
    text = "".join((folder / name).read_text() for name in FILES)
    words = {line.split()[1] for line in text.splitlines() if line.strip().startswith(("image: ", "FROM "))}
    return words - {"tally"}


def test_every_image_gets_the_digest_that_docker_tells_and_keeps_its_version(folder: Path) -> None:
    assert pin(folder, IMAGES).returncode == 0

    assert images(folder) == {f"{image}@sha256:{digest}" for image, digest in IMAGES.items()}
    compose = (folder / "docker-compose.yml").read_text()
    assert compose.count("image: tally\n") == (ROOT / "docker-compose.yml").read_text().count("image: tally\n")


def test_pinned_again_the_digests_are_todays(folder: Path) -> None:
    pin(folder, IMAGES)

    assert pin(folder, {**IMAGES, "postgres:18": "e" * 64}).returncode == 0

    assert f"postgres:18@sha256:{'e' * 64}" in images(folder)
    assert f"rabbitmq:4-management-alpine@sha256:{'c' * 64}" in images(folder)


@pytest.mark.parametrize(
    "known", [None, {"postgres:18": "a" * 64}, {**IMAGES, "rabbitmq:4-management-alpine": "no digest"}]
)
def test_where_one_is_not_known_nothing_is_changed(folder: Path, known: dict[str, str] | None) -> None:
    before = {name: (folder / name).read_text() for name in FILES}

    done = pin(folder, known)

    assert (done.returncode, "nothing was changed" in done.stderr) == (1, True)
    assert {name: (folder / name).read_text() for name in FILES} == before
