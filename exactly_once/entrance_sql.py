"""The two statements of the entrance. Each commits by itself, and counts what it found in a stripe of its session's.

Both read a key's latest generation only: where a window has passed the key was taken in anew.
"""

_LATEST = """
    SELECT e.id, e.fingerprint, e.generation, e.received_at
    FROM exactly_once_inboxevent AS e
    WHERE e.source = %(source)s AND e.account = %(account)s AND e.event_id = {key}
    ORDER BY e.generation DESC
    LIMIT 1
"""

# The counts are there only when every row has been taken in, so a stripe is locked after all keys, by everybody.
_COUNT = """
    INSERT INTO exactly_once_eventtally AS t (source_id, account, stripe, accepted, duplicates, conflicts, invalid)
    SELECT
        %(source_id)s::bigint,
        %(account)s,
        pg_backend_pid() %% 16,
        count(*) FILTER (WHERE r.result = 'accepted'),
        count(*) FILTER (WHERE r.result = 'duplicate'),
        count(*) FILTER (WHERE r.result = 'conflict'),
        {invalid}
    FROM results AS r
    ON CONFLICT (source_id, account, stripe) DO UPDATE SET
        accepted = t.accepted + excluded.accepted,
        duplicates = t.duplicates + excluded.duplicates,
        conflicts = t.conflicts + excluded.conflicts,
        invalid = t.invalid + excluded.invalid
"""

# One row per event: (its number from 1, the inbox row, the result). No result where somebody else took the key in while
# this statement waited for him: his row cannot be seen here.
TAKE_IN = f"""
WITH given AS (
    SELECT g.key, g.fingerprint, g.body, g.number
    FROM unnest(%(keys)b::text[], %(fingerprints)b::bytea[], %(bodies)b::bytea[])
    WITH ORDINALITY AS g (key, fingerprint, body, number)
),

firsts AS (
    SELECT DISTINCT ON (g.key COLLATE "C") g.key, g.fingerprint, g.body, g.number
    FROM given AS g
    ORDER BY g.key COLLATE "C", g.number
),

looked_up AS (
    SELECT
        f.key,
        f.fingerprint,
        f.body,
        f.number,
        e.id,
        e.fingerprint AS kept_fingerprint,
        e.generation,
        e.id IS NOT NULL AND (
            %(known_since)s::timestamptz IS NULL OR e.received_at > %(known_since)s::timestamptz
        ) AS known
    FROM firsts AS f
    LEFT JOIN LATERAL ({_LATEST.format(key="f.key")}) AS e ON TRUE
),

taken AS (
    INSERT INTO exactly_once_inboxevent (
        source, account, event_id, generation, fingerprint,
        state, received_at, processed_at, next_attempt_at, traceparent
    )
    SELECT
        %(source)s, %(account)s, k.key, coalesce(k.generation + 1, 0), k.fingerprint,
        %(state)s, %(now)s::timestamptz, %(processed_at)s::timestamptz, %(next_attempt_at)s::timestamptz,
        %(traceparent)s
    FROM looked_up AS k
    WHERE NOT k.known
    ORDER BY k.key COLLATE "C"
    ON CONFLICT (source, account, event_id, generation) DO NOTHING
    RETURNING id, event_id
),

bodies AS (
    INSERT INTO exactly_once_inboxbody (event_id, received_at, headers, body)
    SELECT t.id, %(now)s::timestamptz, '{{}}', k.body
    FROM taken AS t
    INNER JOIN looked_up AS k ON t.event_id = k.key
),

results AS (
    SELECT
        g.number,
        coalesce(t.id, k.id) AS id,
        CASE
            WHEN t.id IS NOT NULL AND g.number = k.number THEN 'accepted'
            WHEN t.id IS NULL AND NOT k.known THEN NULL
            WHEN g.fingerprint IS DISTINCT FROM CASE WHEN k.known THEN k.kept_fingerprint ELSE k.fingerprint END
                THEN 'conflict'
            ELSE 'duplicate'
        END AS result
    FROM given AS g
    INNER JOIN looked_up AS k ON g.key = k.key
    LEFT JOIN taken AS t ON g.key = t.event_id
),

counted AS ({_COUNT.format(invalid="%(invalid)s::bigint")})

SELECT r.number, r.id, r.result FROM results AS r
"""  # noqa: S608 - put together from the words above

# The same for events of which the first statement did not know: each is known by now.
SETTLE = f"""
WITH results AS (
    SELECT
        g.number,
        e.id,
        CASE WHEN g.fingerprint IS DISTINCT FROM e.fingerprint THEN 'conflict' ELSE 'duplicate' END AS result
    FROM unnest(%(keys)b::text[], %(fingerprints)b::bytea[]) WITH ORDINALITY AS g (key, fingerprint, number)
    CROSS JOIN LATERAL ({_LATEST.format(key="g.key")}) AS e
),

counted AS ({_COUNT.format(invalid="0")})

SELECT r.number, r.id, r.result FROM results AS r
"""  # noqa: S608 - put together from the words above
