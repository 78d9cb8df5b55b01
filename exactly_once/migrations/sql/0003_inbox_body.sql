-- The bytes of events from outside, by the month in which they came: a month is dropped whole, without a DELETE.
--
-- What comes while no partition was made for its month lands in the last one: a webhook is never refused for that.
CREATE TABLE exactly_once_inboxbody (
    event_id bigint NOT NULL,
    received_at timestamptz NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (event_id, received_at)
) PARTITION BY RANGE (received_at);

CREATE TABLE exactly_once_inboxbody_rest PARTITION OF exactly_once_inboxbody DEFAULT;
