-- Promise: what has been published stays as it was published.
REVOKE UPDATE, DELETE, TRUNCATE ON exactly_once_outboxevent FROM tally_app;
-- A key is never deleted, so a request can never run twice under it.
REVOKE DELETE, TRUNCATE ON exactly_once_idempotencykey FROM tally_app;
