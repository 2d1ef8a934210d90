"""Rows are added and never changed: the database itself refuses UPDATE and DELETE, whoever asks.

The one way in which rows go is `audit_forget`, and it takes none that is younger than 30 days.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('attune.audit_forgets', true) = 'on'
       AND OLD.at < clock_timestamp() - interval '30 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit is only added to: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_only_added_to BEFORE UPDATE OR DELETE ON audit_auditrecord
    FOR EACH ROW EXECUTE FUNCTION audit_refuse();

CREATE FUNCTION audit_forget(older_than interval, most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    gone integer;
BEGIN
    PERFORM set_config('attune.audit_forgets', 'on', true);
    DELETE FROM audit_auditrecord WHERE id IN (
        SELECT id FROM audit_auditrecord
         WHERE at < clock_timestamp() - greatest(older_than, interval '30 days')
         ORDER BY at LIMIT most FOR UPDATE SKIP LOCKED);
    GET DIAGNOSTICS gone = ROW_COUNT;
    PERFORM set_config('attune.audit_forgets', 'off', true);
    RETURN gone;
END $$;
"""
BACKWARDS = """
DROP FUNCTION audit_forget(interval, integer);
DROP TRIGGER audit_only_added_to ON audit_auditrecord;
DROP FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
