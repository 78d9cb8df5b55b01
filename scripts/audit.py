"""Ask pip-audit whether a known vulnerability touches what the service runs on: `make check-audit`.

Fails on a finding. Where the vulnerability data cannot be reached, it says so in one line and passes: a
check that needs a stranger's server must not stop work without a network.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"
# A reachable service answers in well under this; without a network every package waits for it once at most.
TIMEOUT_SECONDS = 5
WHOLE_RUN_SECONDS = 120


def main() -> int:
    """Run pip-audit over the pinned requirements and return the exit code."""
    packages = ask()
    if packages is None:
        print("pip-audit: its vulnerability data was not reachable, nothing was audited")
        return 0
    findings = [
        f"{package['name']} {package['version']}: {finding['id']}, fixed in {finding['fix_versions'] or 'no release'}"
        for package in packages
        for finding in package.get("vulns", [])
    ]
    audited = [package for package in packages if "skip_reason" not in package]
    for finding in findings:
        print(f"pip-audit: {finding}")
    print(f"pip-audit: {len(audited)} of {len(packages)} packages audited, {len(findings)} vulnerabilities")
    return 1 if findings else 0


def ask() -> list[dict[str, Any]] | None:
    """Return pip-audit's report by package, or None where it could ask nobody about any of them."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(REQUIREMENTS), "--no-deps", "--disable-pip"]
        flags = ["--progress-spinner=off", f"--timeout={TIMEOUT_SECONDS}", "--format=json", f"--output={report}"]
        try:
            subprocess.run([*command, *flags], check=False, capture_output=True, timeout=WHOLE_RUN_SECONDS)
            packages: list[dict[str, Any]] = json.loads(report.read_text())["dependencies"]
        except (subprocess.TimeoutExpired, FileNotFoundError, json.JSONDecodeError):
            return None
    return packages if any("skip_reason" not in package for package in packages) else None


if __name__ == "__main__":
    sys.exit(main())
