"""What `make check-migrations` asks squawk about, and what squawk lets through."""

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "squawk_migrations.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("squawk_migrations", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commit(folder: Path, *files: str) -> None:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(file)
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    for command in (["add", "-A"], [*identity, "commit", "-qm", "t"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def test_only_migrations_that_were_added_since_the_last_release_are_asked_about(
    script: ModuleType, tmp_path: Path
) -> None:
    # Given
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    commit(tmp_path, "shop/migrations/0001_initial.py")
    assert script.last_release(tmp_path) is None
    subprocess.run(["git", "tag", "v1.0.0"], cwd=tmp_path, check=True)
    # When
    commit(tmp_path, "shop/migrations/0002_more.py", "shop/migrations/__init__.py", "config/staff/migrations/0002_a.py")
    # Then
    assert script.last_release(tmp_path) == "v1.0.0"
    new = script.new_since("v1.0.0", tmp_path)
    assert [(script.label_of(path), path.stem) for path in new] == [("staff", "0002_a"), ("shop", "0002_more")]


@pytest.mark.parametrize(
    "statement",
    [
        'ALTER TABLE "shop_order" ADD COLUMN "note" text NOT NULL;',
        'ALTER TABLE "shop_order" DROP COLUMN "note";',
        'ALTER TABLE "shop_order" RENAME COLUMN "note" TO "remark";',
        'CREATE INDEX "shop_order_note" ON "shop_order" ("note");',
        'ALTER TABLE "shop_order" ADD CONSTRAINT "positive" CHECK ("amount" > 0);',
    ],
)
def test_what_would_stop_or_break_the_release_that_still_serves_is_refused(script: ModuleType, statement: str) -> None:
    assert script.lint(statement, name="shop.0002_more") == 1


@pytest.mark.parametrize(
    "statement",
    [
        """ALTER TABLE "shop_order" ADD COLUMN "note" text DEFAULT '' NOT NULL;""",
        'CREATE TABLE "shop_note" ("id" bigint PRIMARY KEY);',
        'ALTER TABLE "shop_order" ADD CONSTRAINT "positive" CHECK ("amount" > 0) NOT VALID;',
    ],
)
def test_what_it_does_not_notice_is_let_through(script: ModuleType, statement: str) -> None:
    assert script.lint(statement, name="shop.0002_more") == 0
