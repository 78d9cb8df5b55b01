"""The rules and the dashboard ask for metrics that there are, in words that Prometheus understands."""

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from django.conf import settings

from config.metrics.families import families
from tests.factories import NOW

ROOT = Path(settings.BASE_DIR)
MONITORING = ROOT / "config" / "monitoring"
RULES: list[dict[str, Any]] = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
PANELS: list[dict[str, Any]] = json.loads((MONITORING / "grafana.json").read_text())["panels"]
ASKED = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]
# Prometheus' own: whether a target answered.
UP = "up"
HEADING = re.compile(r"^## (Tally\w+)$", re.MULTILINE)


def asked_for(node: Any) -> set[tuple[str, frozenset[str]]]:
    """Return the metrics that an expression reads, each with the labels that it names."""
    if isinstance(node, promql_parser.VectorSelector):
        return {(node.name or "", frozenset(matcher.name for matcher in node.matchers.matchers))}
    parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs", "vector_selector")]
    return {found for part in [*parts, *getattr(node, "args", [])] if part is not None for found in asked_for(part)}


@pytest.mark.django_db
@pytest.mark.parametrize("expression", ASKED)
def test_what_is_asked_for_is_told(expression: str) -> None:
    told = {family.name: set(family._labelnames) for family in families(now=NOW)} | {UP: {"job", "instance"}}
    found = asked_for(promql_parser.parse(expression))
    if "vector(0)" not in expression:
        assert found
    for name, labels in found:
        assert name in told
        assert labels <= told[name]
    for grouped in re.findall(r"by \(([^)]*)\)", expression):
        ((name, _),) = found
        assert set(grouped.split(", ")) <= told[name]


@pytest.mark.django_db
def test_every_metric_is_on_the_dashboard() -> None:
    shown = {name for panel in PANELS for target in panel["targets"] for name, _ in asked_for_text(target["expr"])}
    assert {family.name for family in families(now=NOW)} == shown


def asked_for_text(expression: str) -> set[tuple[str, frozenset[str]]]:
    return asked_for(promql_parser.parse(expression))


def test_every_alert_says_how_urgent_it_is_and_has_its_section_in_the_runbook() -> None:
    assert re.findall(HEADING, (ROOT / "docs" / "runbook.md").read_text()) == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"].endswith(".")


def test_panels_fill_rows_and_cover_nothing() -> None:
    covered: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & covered
        assert max(x for x, _ in cells) < 24
        covered |= cells
