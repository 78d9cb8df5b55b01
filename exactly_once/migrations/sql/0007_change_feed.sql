-- Promise: since when a feed's positions count is said by the feed alone, which connects as the tables' owner.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON exactly_once_changefeed FROM tally_app;
