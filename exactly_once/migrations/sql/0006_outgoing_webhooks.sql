-- Promise: a delivery that was made is never forgotten, so an event is never made due twice for an endpoint.
REVOKE DELETE, TRUNCATE ON exactly_once_webhookendpoint FROM tally_app;
REVOKE DELETE, TRUNCATE ON exactly_once_webhookdelivery FROM tally_app;
REVOKE UPDATE, DELETE, TRUNCATE ON exactly_once_webhookattempt FROM tally_app;
