"""The benchmark's buyers buy for real, and what is no order is no measurement."""

import json
import time

import pytest
from django.core.management import call_command
from pytest_django import Settings

from config.bench.checkout.buyers import BuyerFailedError, Purchases, Shop, buy
from config.services.stack import Stack
from tests.campaigns import PROCESSES
from tests.servers import STATE_DIR
from tests.shop import shop_at


@PROCESSES.only
def test_every_checkout_that_is_counted_is_an_order(stack: Stack) -> None:
    # Given
    with shop_at(stack) as shop:
        skus = [shop.add_product(on_hand=1000) for _ in range(2)]
        before = shop.sql("SELECT count(*) FROM checkout_order")[0][0]
        # When
        at = Shop(stack.ports.web, stack.api_key, skus, run=f"{time.time_ns():x}")
        bought = buy(shop=at, buyers=2, seconds=1.0)
        # Then
        assert len(bought.latencies) > 0
        assert shop.sql("SELECT count(*) FROM checkout_order")[0][0] == before + len(bought.latencies)


@PROCESSES.only
def test_a_checkout_that_is_refused_is_no_measurement(stack: Stack) -> None:
    with pytest.raises(BuyerFailedError, match="unknown_sku"):
        buy(shop=Shop(stack.ports.web, stack.api_key, ["NO-SUCH"], run="x"), buyers=2, seconds=5.0)


def test_a_quantile_is_what_that_share_did_not_exceed() -> None:
    purchases = Purchases([float(number) for number in range(100, 0, -1)])
    assert [purchases.quantile(share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 51.0, 100.0, 100.0]


@PROCESSES.only
def test_a_shop_that_has_sold_before_is_measured_beside_itself_when_it_was_empty(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.STATE_DIR = STATE_DIR / "benchmarks" / "checkout"

    call_command("bench", "checkout", "--web=1", "--seconds=1", "--pairs=1", "--orders=300", "--json")

    report = json.loads(capsys.readouterr().out)
    past = report["past"]
    assert past["orders"] == 300
    assert past["empty"] == {key: value for key, value in report["rates"][0].items() if key != "met"}
    assert past["share"] == past["full"]["ratio"]["median"] / past["empty"]["ratio"]["median"] > 0
    assert not (settings.STATE_DIR / "bench" / "postgres").exists()
