-- load(chunk): writes a part of a new epoch, which nobody reads before `activate`.
--
-- ARGV[1], [2] the new epoch and its prefix  [3] 'begin' for the first chunk, else ''
-- [4] count of entries, then of each: execution, attempt, number, "gate:policy,…", holds (1|0)
-- then a count of numbers, then of each: gate, next number;  then limits (see take_limits)
-- then a count of passes, then of each, oldest first: gate of a rate, how many ms ago somebody passed it
-- Returns {'OK'}, or {'STALE'} when the store was emptied or restarted since 'begin'.

local marker = prefix .. 'loading'
if ARGV[3] == 'begin' then
    redis.call('SET', marker, run_id())
elseif redis.call('GET', marker) ~= run_id() then
    return {'STALE'}
end
local at = 5
for _ = 1, tonumber(ARGV[4]) do
    local execution, attempt, number = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local gates = take_gates(ARGV[at + 3])
    if ARGV[at + 4] == '1' then
        remember(execution, attempt, number, gates, #gates)
        hold_all(execution, attempt, gates)
    else
        remember(execution, attempt, number, gates, 0)
        stand_in_line(execution, gates[1], 'waiting')
    end
    at = at + 5
end
local count = tonumber(ARGV[at])
at = at + 1
for _ = 1, count do
    redis.call('HSET', prefix .. 'next', ARGV[at], ARGV[at + 1])
    at = at + 2
end
at = take_limits(at)
for _ = 1, tonumber(ARGV[at]) do
    redis.call('RPUSH', key('passed', ARGV[at + 1]), now_ms() - ARGV[at + 2])
    at = at + 2
end
return {'OK'}
