"""Bank statements in camt.053, written for tests."""

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAME_SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
IBAN = "DE89370400440532013000"


def entry(
    amount: str = "60.28",
    *,
    sign: str = "CRDT",
    currency: str = "EUR",
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    booked: str = "<BookgDt><Dt>2026-11-27</Dt></BookgDt>",
    reference: str = "<AcctSvcrRef>BANK-1</AcctSvcrRef>",
    details: str = "<Refs><EndToEndId>po_1</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>Stripe</Nm></Pty></Dbtr>"
    "</RltdPties><RmtInf><Ustrd>STRIPE PAYOUT</Ustrd></RmtInf>",
) -> str:
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}{booked}'
        f"<ValDt><Dt>2026-11-28</Dt></ValDt>{reference}<NtryDtls><TxDtls>{details}</TxDtls></NtryDtls></Ntry>\n"
    )


def balance(kind: str, amount: str, *, sign: str = "CRDT") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd></Bal>\n'
    )


def statement(*entries: str, balances: str = "", iban: str = IBAN, name_space: str = NAME_SPACE) -> bytes:
    text = (
        f'{HEAD}<Document xmlns="{name_space}"><BkToCstmrStmt><Stmt><Id>1</Id>\n'
        f"<Acct><Id><IBAN>{iban}</IBAN></Id></Acct>\n{balances}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    )
    return text.encode()
