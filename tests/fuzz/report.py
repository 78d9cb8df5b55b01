"""What schemathesis did, read from the events that it writes."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Methods that an address has by being one, whatever its description says.
IMPLICIT = frozenset({"HEAD", "OPTIONS", "TRACE"})


@dataclass
class Report:
    """Answers by operation and status, and how often each link was followed."""

    answers: dict[str, Counter[int]] = field(default_factory=dict)
    links: Counter[str] = field(default_factory=Counter)
    cases: int = 0

    def read(self, path: Path) -> None:
        """Add what an event file tells."""
        for recorder in _recorders(path):
            answers = recorder.get("interactions", {})
            for case_id, case in recorder.get("cases", {}).items():
                self.cases += 1
                answer = (answers.get(case_id) or {}).get("response")
                if answer:
                    value = case["value"]
                    told = self.answers.setdefault(f"{value['method']} {value['path']}", Counter())
                    told[answer["status_code"]] += 1
                if case.get("transition") and case["is_transition_applied"]:
                    self.links[case["transition"]["id"]] += 1


def _recorders(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as events:
        for line in events:
            finished = json.loads(line).get("ScenarioFinished")
            if finished:
                yield finished["recorder"]


def links_of(schema: dict[str, Any]) -> set[str]:
    """Return the links that a description declares, named as schemathesis names them."""
    labels = {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    return {
        f"{labels[operation['operationId']]} -> [{status}] {name} -> {labels[link['operationId']]}"
        for methods in schema["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        for name, link in response.get("links", {}).items()
    }


def operations_of(schema: dict[str, Any]) -> set[str]:
    """Return the operations that a description has."""
    return {f"{method.upper()} {path}" for path, methods in schema["paths"].items() for method in methods}
