"""Triggers that keep what was read in a file, once it is imported."""

import pgtrigger


def kept_once_applied() -> pgtrigger.Trigger:
    """Return a trigger by which rows of an imported file are neither changed nor deleted nor added to, whoever asks."""
    return pgtrigger.Trigger(
        name="kept_once_applied",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("of_file", "bigint")],
        func="""
            of_file := CASE TG_OP WHEN 'INSERT' THEN NEW.file_id ELSE OLD.file_id END;
            IF EXISTS (SELECT FROM payments_fileimport AS f WHERE f.id = of_file AND f.state = 'applied') THEN
                RAISE EXCEPTION 'rows of a file that is applied are kept'
                    USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
            END IF;
            IF TG_OP = 'DELETE' THEN
                RETURN OLD;
            END IF;
            RETURN NEW;
        """,
    )
