"""What does not fit is found and called what it is, and what fits is never matched to anything else."""

import pytest

from config.bench.reconcile.match import match
from config.bench.reconcile.truth import ask
from tests.factories import NOW

# What ended otherwise than it is, to be seen where the figures are not what they should be.
ODD = """
SELECT t.line_id, t.expected, l.state, l.detail
FROM bench_line AS t INNER JOIN payments_settlementline AS l ON t.line_id = l.line_id
WHERE l.state <> t.expected
"""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_truth_is_left")]


def test_every_anomaly_of_a_generated_truth_is_found_and_called_what_it_is() -> None:
    # When some 3,000 lines are matched, of which one in fifty has something about it
    matched = match(payments=3000, seed=7, start=NOW)
    # Then
    assert ask(ODD) == []
    assert (matched.wrong, matched.misjudged, matched.missing_not_found) == (0, 0, 0)
    assert matched.lines == 3346
