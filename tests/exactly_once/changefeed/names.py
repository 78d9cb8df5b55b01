"""What the tests follow, and how hard they try."""

from tests.campaigns import Campaign

SLOT = "feed_under_test"
TABLES = ("fruit", "crate")

CAMPAIGN = Campaign("changefeed")
effort, seed = CAMPAIGN.effort, CAMPAIGN.seed
