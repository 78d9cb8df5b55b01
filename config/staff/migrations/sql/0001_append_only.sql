-- Promise: whatever the application is made to do, what staff did stays on record.
REVOKE UPDATE, DELETE, TRUNCATE ON staff_auditevent FROM tally_app;
