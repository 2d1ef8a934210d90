-- Writes ended executions and their history. Called with:
--   size        how many
--   start, step when the first was asked for, and how long after it each next one
--   definition  id of the definition all of them pin
--   people, workers, gates   ids to choose from
--   until       now: nothing happened later
-- Everything drawn by chance is drawn in `dice`, once a row: a volatile function in a list that is read twice is
-- evaluated twice.
WITH actions (place, pack, name, weight, usual_s) AS (
    VALUES
        (1, 'core', 'echo', 0.18, 0.02), (2, 'core', 'http', 0.14, 0.4), (3, 'examples', 'hello', 0.05, 0.08),
        (4, 'billing', 'charge', 0.12, 1.5), (5, 'billing', 'invoice', 0.06, 6), (6, 'billing', 'reconcile', 0.02, 240),
        (7, 'deploy', 'rollout', 0.05, 95), (8, 'deploy', 'smoke_test', 0.05, 20), (9, 'deploy', 'rollback', 0.01, 60),
        (10, 'backup', 'snapshot', 0.04, 420), (11, 'backup', 'verify', 0.03, 180), (12, 'backup', 'prune', 0.02, 35),
        (13, 'network', 'ping', 0.12, 0.06), (14, 'network', 'scan', 0.03, 75), (15, 'tickets', 'open', 0.03, 0.9),
        (16, 'tickets', 'close', 0.02, 0.7), (17, 'reports', 'daily', 0.02, 900), (18, 'reports', 'adhoc', 0.0099, 45),
        (19, 'rare', 'migrate', 0.0001, 1800)),
ranges AS (
    SELECT *, sum(weight) OVER (ORDER BY place) - weight AS lowest, sum(weight) OVER (ORDER BY place) AS highest
      FROM actions),
dice AS MATERIALIZED (
    SELECT n, random() AS action_die, random() AS end_die, random() AS label_die, random() AS gate_die,
           random() AS person_die, random() AS worker_die, random_normal() AS length_die, random() AS wait_die
      FROM generate_series(0, %(size)s - 1) AS n),
drawn AS (
    SELECT dice.*, ranges.pack, ranges.name, ranges.usual_s,
           %(start)s::timestamptz + dice.n * %(step)s::interval AS created_at,
           CASE WHEN end_die < 0.915 THEN 'succeeded' WHEN end_die < 0.965 THEN 'failed' WHEN end_die < 0.975 THEN 'timeout'
                WHEN end_die < 0.995 THEN 'canceled' ELSE 'abandoned' END AS status,
           gate_die < 0.5 AND pack = 'billing' AS is_gated
      FROM dice JOIN ranges ON action_die >= lowest AND action_die < highest),
timed AS (
    SELECT drawn.*, end_die BETWEEN 0.975 AND 0.985 AS never_started,
           least(created_at + make_interval(secs => wait_die * wait_die * wait_die * 30), %(until)s::timestamptz) AS scheduled_at,
           make_interval(secs => usual_s * exp(0.6 * length_die)) AS length
      FROM drawn),
accepted AS (
    INSERT INTO executions_execution (
        id, action_ref, pack_ref, pack_version, pack_digest, definition_id, kind, parameters, labels, trace_id,
        requested_by_id, timeout_s, max_attempts, pool, queue, status, reason, gate_id, later_gates, number, attempt,
        retries, worker_id, hints, result, error, exit_code, created_at, scheduled_at, started_at, ended_at)
    SELECT nextval('executions_execution_id_seq'), pack || '.' || name, pack, '1.4.0', repeat('5eed', 16), %(definition)s,
           'process',
           jsonb_build_object('host', 'host-' || n %% 400, 'size', n %% 7, 'note', 'a parameter of usual length'),
           CASE WHEN label_die < 0.3 THEN '{}'::jsonb
                WHEN label_die < 0.4 THEN jsonb_build_object('env', 'production', 'ticket', 'OPS-' || n)
                ELSE jsonb_build_object(
                    'env', (ARRAY['production', 'production', 'staging', 'test'])[1 + n %% 4],
                    'team', (ARRAY['core', 'web', 'data', 'mobile', 'billing', 'network'])[1 + n %% 6]) END,
           gen_random_uuid(),
           CASE WHEN person_die < 0.2 THEN NULL
                ELSE (%(people)s::bigint[])[ceil(cardinality(%(people)s::bigint[]) * power((person_die - 0.2) / 0.8, 2))] END,
           300, 1 + (end_die > 0.93)::int, 'default', 'run.default.shell', status,
           CASE status WHEN 'canceled' THEN '{"code": "canceled", "text": "canceled by amelie", "by": "amelie"}'::jsonb END,
           CASE WHEN is_gated THEN (%(gates)s::bigint[])[1 + n %% cardinality(%(gates)s::bigint[])] END,
           '{}', NULL, 1 + (end_die BETWEEN 0.93 AND 0.965)::int, (end_die BETWEEN 0.93 AND 0.965)::int,
           CASE WHEN NOT never_started THEN (%(workers)s::bigint[])[ceil(cardinality(%(workers)s::bigint[]) * worker_die)] END,
           1,
           CASE status WHEN 'succeeded' THEN jsonb_build_object('ok', true, 'changed', n %% 5, 'host', 'host-' || n %% 400) END,
           CASE status
                WHEN 'failed' THEN jsonb_build_object('type', 'exit_code', 'message', (ARRAY[
                    'exit code 1: connection refused by host-' || n %% 400, 'exit code 2: no such customer',
                    'ConnectTimeout: https://api.example.org did not answer within 10 s',
                    'PermissionError: /srv/releases is not writable'])[1 + n %% 4])
                WHEN 'timeout' THEN '{"type": "timeout", "message": "it ran longer than 300 s and was ended"}'::jsonb
                WHEN 'abandoned' THEN '{"type": "abandoned", "message": "its worker was lost three times"}'::jsonb END,
           CASE status WHEN 'succeeded' THEN 0 WHEN 'failed' THEN 1 END,
           created_at, CASE WHEN NOT never_started THEN scheduled_at END,
           CASE WHEN NOT never_started THEN least(scheduled_at + interval '4 milliseconds', %(until)s::timestamptz) END,
           least(%(until)s::timestamptz,
                 CASE WHEN never_started THEN scheduled_at ELSE scheduled_at + interval '4 milliseconds' + length END)
      FROM timed ORDER BY n
    RETURNING id, attempt, status, reason, worker_id, created_at, scheduled_at, started_at, ended_at)
INSERT INTO executions_history (execution_id, attempt, status, reason, facts, worker_id, at, announced_at)
SELECT id, attempt, told.status, CASE WHEN told.status = accepted.status THEN accepted.reason END, NULL,
       CASE WHEN told.status <> 'scheduled' THEN worker_id END, told.at, told.at
  FROM accepted
  CROSS JOIN LATERAL (VALUES ('requested', created_at), ('scheduled', scheduled_at), ('running', started_at),
                             (accepted.status, ended_at)) AS told (status, at)
 WHERE told.at IS NOT NULL
 ORDER BY id, told.at
