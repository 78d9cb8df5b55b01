"""Pin the container images by digest: `make pin-images`, where Docker and the images' registry can be reached.

Each image of docker-compose.yml and the Dockerfile is named by a version, which somebody may push anew. This asks
Docker which digest that is today and writes it behind the version; again, it looks the version up anew.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = ("docker-compose.yml", "Dockerfile")
# `tally` is built here, and has no digest until then.
IMAGE = re.compile(r"^(\s*image: |FROM )([\w./-]+:[\w.-]+)(@sha256:[0-9a-f]{64})?", re.MULTILINE)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def main(folder: Path) -> None:
    """Write the digests into the files of a folder, all or none."""
    texts = {path: path.read_text() for path in (folder / name for name in FILES)}
    images = sorted({match[1] for text in texts.values() for match in IMAGE.findall(text)})
    digests = {image: digest_of(image) for image in images}
    for path, text in texts.items():
        path.write_text(IMAGE.sub(lambda match: f"{match[1]}{match[2]}@{digests[match[2]]}", text))
    for image, digest in digests.items():
        print(f"{image}@{digest}")


def digest_of(image: str) -> str:
    """Return the digest of an image's index, which holds for every architecture."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SystemExit("docker is not installed: nothing was changed") from None
    digest = done.stdout.strip()
    if done.returncode or not DIGEST.fullmatch(digest):
        raise SystemExit(f"docker does not tell the digest of {image}, nothing was changed: {done.stderr.strip()}")
    return digest


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT)
