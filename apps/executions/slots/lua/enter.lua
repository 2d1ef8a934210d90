-- enter(execution): takes its place at its first gate, by its number.
--
-- ARGV[3] execution  [4] attempt  [5] number  [6] "gate:policy,…"  [7…] limits (see take_limits)
-- Returns {standing, next number, granted {execution, attempt, …}, more {gate, …}}

if is_stale() then return {'STALE'} end
local execution, attempt, number = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local gates = take_gates(ARGV[6])
take_limits(7)

local freed = {}
local x = standing(execution)
if x and x.attempt > attempt then return {'outdated', 0, {}, {}} end
if x and x.attempt == attempt then
    -- Here already. Letting in again costs nothing and heals a limit that was raised unseen.
    local again = promote(x.gates)
    return {standing(execution).stage == #gates and 'granted' or 'waiting', 0, again[1], again[2]}
end
if x then freed = take_out(execution, x) end  -- an attempt that ended unseen

local first = gates[1]
local expected = next_number(first)
if number > expected then
    local after = promote(freed)
    return {'gap', expected, after[1], after[2]}
end
remember(execution, attempt, number, gates, 0)
if number == expected then
    redis.call('HSET', prefix .. 'next', first, number + 1)
    stand_in_line(execution, first, 'waiting')
else
    stand_in_line(execution, first, 'returning', number)
end
freed[#freed + 1] = first
local outcome = promote(freed)
return {standing(execution).stage == #gates and 'granted' or 'waiting', 0, outcome[1], outcome[2]}
