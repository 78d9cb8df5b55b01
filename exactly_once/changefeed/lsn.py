"""Positions in PostgreSQL's log: 64-bit numbers, written as two hexadecimal halves."""


def parse_lsn(text: str) -> int:
    """Return the number behind ``16/B374D848``."""
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)


def format_lsn(lsn: int) -> str:
    """Return the number as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"
