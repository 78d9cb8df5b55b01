-- Makes the partitions of the inbox's bodies for this month and the next two, and drops the months that ended before
-- p_keep_after. Returns the names of what it made and dropped.
--
-- Promise: no body goes before its event has had its effect. A month in which an event is still open stays, and so does
-- one whose rows came before its partition did (they are in the last partition, which is emptied row by row).
CREATE FUNCTION exactly_once_roll_inbox(
    p_now timestamptz,
    p_keep_after timestamptz,
    OUT r_made text[],
    OUT r_dropped text[]
)
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
SET timezone = 'UTC'
AS $$
DECLARE
    v_month timestamptz;
    v_name text;
BEGIN
    r_made := '{}';
    r_dropped := '{}';
    FOR v_month IN
        SELECT g.month FROM generate_series(
            date_trunc('month', p_now), date_trunc('month', p_now) + interval '2 months', interval '1 month'
        ) AS g (month)
    LOOP
        v_name := 'exactly_once_inboxbody_' || to_char(v_month, 'YYYY_MM');
        CONTINUE WHEN to_regclass(v_name) IS NOT NULL OR EXISTS (
            SELECT FROM exactly_once_inboxbody_rest AS b
            WHERE b.received_at >= v_month AND b.received_at < v_month + interval '1 month'
        );
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF exactly_once_inboxbody FOR VALUES FROM (%L) TO (%L)',
            v_name, v_month, v_month + interval '1 month'
        );
        r_made := r_made || v_name;
    END LOOP;

    FOR v_name, v_month IN
        SELECT c.relname, to_timestamp(right(c.relname, 7), 'YYYY_MM')
        FROM pg_inherits AS i
        INNER JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'exactly_once_inboxbody'::regclass AND c.relname ~ '_\d{4}_\d{2}$'
        ORDER BY c.relname
    LOOP
        CONTINUE WHEN v_month + interval '1 month' > p_keep_after OR EXISTS (
            SELECT FROM exactly_once_inboxevent AS e
            WHERE
                e.state <> 'processed' AND e.received_at >= v_month AND e.received_at < v_month + interval '1 month'
        );
        EXECUTE format('DROP TABLE %I', v_name);
        r_dropped := r_dropped || v_name;
    END LOOP;

    DELETE FROM exactly_once_inboxbody_rest AS b
    USING exactly_once_inboxevent AS e
    WHERE b.received_at < p_keep_after AND e.id = b.event_id AND e.state = 'processed';
END;
$$;

REVOKE EXECUTE ON FUNCTION exactly_once_roll_inbox FROM public;
GRANT EXECUTE ON FUNCTION exactly_once_roll_inbox TO tally_app;
