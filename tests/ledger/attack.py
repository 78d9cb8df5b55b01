"""How hard the attacks on the ledger try: a short cut in the suite, a campaign with `make attack-ledger`."""

from tests.campaigns import Campaign

CAMPAIGN = Campaign("ledger")
effort, seed = CAMPAIGN.effort, CAMPAIGN.seed
