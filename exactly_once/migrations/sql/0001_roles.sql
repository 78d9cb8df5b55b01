-- The application's group role. Login roles of web, worker and relay are its members; migrations run as the owner.
-- Roles belong to the whole server, so another database may have made it already.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'tally_app') THEN
        CREATE ROLE tally_app NOLOGIN;
    END IF;
END;
$$;

-- Whatever tables are made after this, the application may use; packages take back what it must not do.
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tally_app;
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO tally_app;
GRANT USAGE ON SCHEMA public TO tally_app;

CREATE SEQUENCE exactly_once_outbox_seq AS bigint;
GRANT USAGE ON SEQUENCE exactly_once_outbox_seq TO tally_app;
