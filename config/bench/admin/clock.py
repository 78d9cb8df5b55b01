"""Pages asked for through Django's whole stack, without a network, by somebody who may see everything."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

TIMES = 20


class Asked:
    """Who asks."""

    def __init__(self) -> None:
        self._client = Client(SERVER_NAME="localhost")
        self._client.force_login(User.objects.create_superuser("bench"))

    def page(self, address: str) -> Any:
        """Return the answer to one request."""
        answer = self._client.get(address)
        assert answer.status_code in (200, 302), f"{address}: {answer.status_code}"
        return answer

    def timed(self, addresses: Sequence[str], *, times: int = TIMES) -> tuple[float, float]:
        """Ask so often in all, for each address in turn; return the median and the longest, in milliseconds."""
        self.page(addresses[0])  # templates are read once
        took = []
        for number in range(times):
            began = time.perf_counter()
            self.page(addresses[number % len(addresses)])
            took.append((time.perf_counter() - began) * 1000)
        return round(statistics.median(took), 1), round(max(took), 1)
