-- Promise: an event that was taken in is known for as long as its source says, and by the rule under which it came.
-- Neither its key is deleted nor the rule; what changes at a source is guarded by its trigger.
REVOKE DELETE, TRUNCATE ON exactly_once_inboxevent FROM tally_app;
REVOKE DELETE, TRUNCATE ON exactly_once_eventsource FROM tally_app;
REVOKE DELETE, TRUNCATE ON exactly_once_eventtally FROM tally_app;
