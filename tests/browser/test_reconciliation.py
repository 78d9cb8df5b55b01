"""Finance asks of a sum on a bank statement which sales it is, and where the rest went: in Chromium, by looking."""

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit, on_desk_and_phone
from tests.browser.test_unknown_outcomes import ANN, PEOPLE, run, sign_in
from tests.payments.statements.camt_files import entry, statement
from tests.shop import Shop, wait_for

# In a currency that no other test pays out a part of.
CURRENCY = "GBP"
SALES = (4000, 2028)
STRANGE = "A refund of the office coffee"


class Sold:
    """Two sales that the PSP has paid out and settled, and the bank's statement of that."""

    def __init__(self, shop: Shop, folder: Path) -> None:
        for minor in SALES:
            sale = {"amount_minor": minor, "currency": CURRENCY, "payment": {"token": "pm_card_visa"}}
            intent = shop.post("payment-intents", sale).json()["id"]
            assert shop.post(f"payment-intents/{intent}/confirm").json()["state"] == "succeeded"
        told = shop.psp.post("/_simulator/stripe/payouts", json={"currency": CURRENCY, "status": "paid"})
        payout = told.raise_for_status().json()
        self.payout, self.sum = payout["id"], f"{payout['amount'] / 100:.2f}"
        assert shop.manage("settlement_import", "--psp", "stripe").returncode == 0
        lines = "SELECT state FROM payments_settlementline WHERE kind = 'payout' AND payout_reference = %s"
        wait_for(lambda: shop.sql(lines, [self.payout]) == [("matched",)], "the payout is not settled")
        today = f"<BookgDt><Dt>{datetime.now(UTC).date()}</Dt></BookgDt>"
        refs = (f"<Refs><EndToEndId>{self.payout}</EndToEndId></Refs>", f"<RmtInf><Ustrd>{STRANGE}</Ustrd></RmtInf>")
        entries = [
            entry(
                amount,
                currency=CURRENCY,
                booked=today,
                details=about,
                reference=f"<AcctSvcrRef>{self.payout}-{n}</AcctSvcrRef>",
            )
            for n, (amount, about) in enumerate(zip((self.sum, "19.99"), refs, strict=True))
        ]
        self.statement = folder / f"statement-{self.payout}.xml"
        self.statement.write_bytes(statement(*entries))


@pytest.fixture(scope="module")
def sold(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Sold:
    run(shop, PEOPLE)
    return Sold(shop, tmp_path_factory.mktemp("bank"))


def upload(page: Page, file: Path) -> None:
    page.goto("/admin/payments/fileimport/")
    page.get_by_role("link", name="Upload ...").click()
    page.get_by_label("What it is").select_option(value="camt053")
    page.get_by_label("Account, at the PSP or the bank").select_option(value="main")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Upload it").click()
    expect(page.get_by_text(f"{file.name} is ")).to_be_visible()


def test_a_sum_at_the_bank_is_explained_to_the_penny(visit: Visit, shop: Shop, sold: Sold) -> None:
    # Given the bank's statement, as a file
    page = visit.page
    sign_in(page, ANN)
    # When Ann uploads it
    upload(page, sold.statement)
    lines = "SELECT state FROM payments_bankline WHERE end_to_end_id = %s"
    wait_for(lambda: shop.sql(lines, [sold.payout]) == [("matched",)], "the bank's line is not matched")
    page.goto("/admin/payments/fileimport/")
    expect(page.get_by_role("row").filter(has_text=sold.statement.name)).to_contain_text("2 new, 0 known")
    visit.keep_screenshot("files")
    # Then its line leads to the payout, and that to its proof
    page.goto(f"/admin/payments/bankline/?q={sold.payout}")
    visit.keep_screenshot("bank-lines")
    page.get_by_role("row").filter(has_text=sold.sum).get_by_role("link").first.click()
    visit.keep_screenshot("bank-line")
    page.get_by_role("link", name=re.compile("^po_")).click()
    visit.keep_screenshot("payout")
    page.get_by_role("link", name="Proof").first.click()
    expect(page.get_by_text("Proved: every minor unit is explained.")).to_be_visible()
    visit.keep_screenshot("proof")
    captures = page.get_by_role("row").filter(has_text="Captures")
    expect(captures.get_by_role("cell")).to_have_text(["GBP 60.28", "GBP 60.28", "GBP 0.00"])
    # And to paper, and to a spreadsheet
    address = page.url
    page.get_by_role("link", name="Print").click()
    expect(page.get_by_text("Proved: every minor unit is explained.")).to_be_visible()
    visit.keep_screenshot("proof-print")
    page.goto(address)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = {row["what"]: row for row in csv.DictReader(io.StringIO(Path(download.value.path()).read_text()))}
    assert (rows["Captures"]["psp"], rows["Captures"]["books"]) == ("60.28", "60.28")
    assert rows["Unexplained"]["difference"] == "0.00"


def test_what_the_bank_shows_beside_payouts_is_set_aside_with_a_reason(visit: Visit, shop: Shop, sold: Sold) -> None:
    # Given a line that is no payout
    page = visit.page
    sign_in(page, ANN)
    upload(page, sold.statement)
    mine = f"SELECT state, settled_by FROM payments_bankline WHERE reference LIKE '{STRANGE}%%' AND file_id = ("
    mine += "SELECT id FROM payments_fileimport WHERE name = %s)"
    wait_for(lambda: shop.sql(mine, [sold.statement.name]) != [], "the file is not read")
    # When
    page.goto(f"/admin/payments/bankline/?q={STRANGE.rsplit(maxsplit=1)[-1]}")
    page.get_by_role("row").filter(has_text="19.99").get_by_role("link").first.click()
    page.get_by_role("link", name="Set aside ...").click()
    page.get_by_label("Why").fill("The supplier paid twice and got it back.")
    visit.keep_screenshot("bank-line-set-aside")
    page.get_by_role("button", name="Set it aside").click()
    # Then
    expect(page.get_by_text("The line is set aside.")).to_be_visible()
    assert shop.sql(mine, [sold.statement.name]) == [("void", "ann")]


def test_what_no_order_is_about_is_paid_back_by_the_psp(visit: Visit, shop: Shop, sold: Sold) -> None:
    # Given a payment that somebody took in the PSP's dashboard, and its settlement
    key = {"Authorization": "Bearer sk_test_tally"}
    asked = {"amount": 777, "currency": "gbp", "confirm": "true", "payment_method": "pm_card_visa"}
    taken = shop.psp.post("/v1/payment_intents", data=asked, headers=key).raise_for_status().json()["id"]
    assert shop.manage("settlement_import", "--psp", "stripe").returncode == 0
    held = "SELECT b.id, b.public_id, b.state, b.resolution FROM payments_break AS b"
    held += " INNER JOIN payments_settlementline AS l ON l.finding_id = b.id WHERE l.payment_reference = %s"
    wait_for(lambda: shop.sql(held, [taken]) != [], "the payment is in no break")
    ((pk, break_id, _, _),) = shop.sql(held, [taken])
    # When
    page = visit.page
    sign_in(page, ANN)
    page.goto(f"/admin/payments/break/{pk}/resolve")
    expect(page.get_by_text(taken, exact=True).first).to_be_visible()
    page.get_by_label("How it ends").select_option("refunded")
    page.get_by_label("What it was").fill("No order of ours.")
    visit.keep_screenshot("break-refund")
    page.get_by_role("button", name="Resolve it").click()
    expect(page.get_by_text(f"{break_id} stays open until it has")).to_be_visible()
    # Then the worker asks, and the break ends by the PSP's word
    wait_for(lambda: shop.sql(held, [taken])[0][2:] == ("resolved", "refunded"), "the PSP has not paid back")
    page.reload()
    visit.keep_screenshot("break-refunded")
    row = next(row for row in shop.psp.get("/_simulator/record").json()["charges"] if row["captured_minor"] == 777)
    assert row["refunded_minor"] == 777
    shop.verify()


@on_desk_and_phone
@pytest.mark.parametrize("path", ["fileimport/", "bankline/", "payout/", "settlementline/"])
def test_the_lists_fit_any_window(visit: Visit, sold: Sold, path: str) -> None:
    sign_in(visit.page, ANN)
    visit.page.goto(f"/admin/payments/{path}")
    expect(visit.page.get_by_role("table").first).to_be_visible()
    assert visit.overflow_px() == 0


@pytest.mark.parametrize("window", [PHONE], ids=["phone"])
def test_a_proof_can_be_read_on_a_phone(visit: Visit, shop: Shop, sold: Sold) -> None:
    sign_in(visit.page, ANN)
    ((pk,),) = shop.sql("SELECT id FROM payments_payout WHERE psp_reference = %s", [sold.payout])
    visit.page.goto(f"/admin/payments/payout/{pk}/proof")
    expect(visit.page.get_by_text("Proved: every minor unit is explained.")).to_be_visible()
    assert visit.overflow_px() == 0
