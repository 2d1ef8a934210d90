"""What the database itself keeps: fencing tokens, absorbing ends, and the one row of the epoch."""

from django.db import migrations

TRIGGER = """
CREATE FUNCTION executions_keep_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'execution % has ended as %; it cannot become %', OLD.id, OLD.status, NEW.status
        USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER executions_end_is_final BEFORE UPDATE OF status ON executions_execution
    FOR EACH ROW WHEN (
        OLD.status IN ('succeeded', 'failed', 'timeout', 'canceled', 'abandoned')
        AND NEW.status IS DISTINCT FROM OLD.status)
    EXECUTE FUNCTION executions_keep_end();
"""
NO_TRIGGER = """
DROP TRIGGER executions_end_is_final ON executions_execution;
DROP FUNCTION executions_keep_end();
"""


class Migration(migrations.Migration):
    dependencies = [("executions", "0001_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE executions_token", "DROP SEQUENCE executions_token"),
        migrations.RunSQL(TRIGGER, NO_TRIGGER),
        migrations.RunSQL(
            "INSERT INTO executions_slotsepoch (id, number) VALUES (1, 1)",
            "DELETE FROM executions_slotsepoch",
        ),
    ]
