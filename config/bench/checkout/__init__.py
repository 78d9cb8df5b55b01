"""How many complete checkouts the service makes: session, payment, webhook, ledger, over real HTTP."""
