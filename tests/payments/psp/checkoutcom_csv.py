"""Reports of Checkout.com as it writes them: the columns of its documented sample, amounts in major units."""

import csv
import io

# An account has what columns it wants beside those that are read, in whatever order.
COLUMNS = (
    "Client Entity ID",
    "Action Type",
    "Action ID",
    "Payment ID",
    "Requested On",
    "Processed On",
    "Processing Currency",
    "FX Rate Applied",
    "Holding Currency",
    "Payout ID",
    "Reference",
    "Card Holder Name",
    "Breakdown Type",
    "Processing Currency Amount",
    "Holding Currency Amount",
)
PAYOUT = "000G7HDD96SH"
AT = "2026-11-23 12:08:07"


def row(breakdown: str, amount: str, *, action: str = "act_1", **told: str) -> dict[str, str]:
    """Return a part of an action upon a payment of EUR."""
    return {
        "Client Entity ID": "ent_1",
        "Action Type": "Capture",
        "Action ID": action,
        "Payment ID": "pay_1",
        "Requested On": "2026-11-23 12:08:00",
        "Processed On": AT,
        "Processing Currency": "EUR",
        "Holding Currency": "EUR",
        "Payout ID": PAYOUT,
        "Card Holder Name": "Ada Lovelace",
        "Breakdown Type": breakdown,
        "Processing Currency Amount": amount,
        "Holding Currency Amount": amount,
        **told,
    }


def report(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> bytes:
    """Return a file of rows."""
    text = io.StringIO()
    table = csv.DictWriter(text, columns, extrasaction="ignore")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()
