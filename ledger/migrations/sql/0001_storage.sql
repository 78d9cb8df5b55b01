-- A balance row changes with every posting: it stays on its page (HOT), as no index holds what changes. The page is
-- packed to 90: below that PostgreSQL would prune the page at nearly every update (measured: +20 us).
ALTER TABLE ledger_balance SET (fillfactor = 90);

-- Transactions are found by their metadata; those without any cost nothing here. The table is new: nobody waits for it.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ledger_transaction_metadata ON ledger_transaction USING gin (metadata jsonb_path_ops)
WHERE metadata <> '{}'::jsonb;

-- Transactions lie nearly in the order of both times: summaries of each 32 pages (40 kB per million transactions) find
-- a day, and cost a posting nothing that can be measured. The table is new, here too.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ledger_transaction_times ON ledger_transaction USING brin (effective_at, recorded_at)
WITH (pages_per_range = 32, autosummarize = on);
