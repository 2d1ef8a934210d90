-- enter_many(gate): fills a gap in a line with all that live in it.
--
-- ARGV[3] gate  [4] through: the last number of the gap  [5] count of entries, then of each, by number:
--   execution, attempt, number, "gate:policy,…", holds (1|0);  then limits (see take_limits)
-- Returns {granted, more}
--
-- An entry below the next number has been here before: it waits, holds, or has left. It is skipped.

if is_stale() then return {'STALE'} end
local gate, through, count = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
take_limits(6 + count * 5)
local seen = next_number(gate)
local touched = {gate}
for index = 0, count - 1 do
    local at = 6 + index * 5
    local execution, attempt, number = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    local x = standing(execution)
    if number >= seen and not (x and x.attempt >= attempt) then
        if x then
            for _, freed in ipairs(take_out(execution, x)) do touched[#touched + 1] = freed end
        end
        local gates = take_gates(ARGV[at + 3])
        if ARGV[at + 4] == '1' then
            remember(execution, attempt, number, gates, #gates)
            hold_all(execution, attempt, gates)
        else
            remember(execution, attempt, number, gates, 0)
            stand_in_line(execution, gate, 'waiting')
        end
    end
end
if through >= seen then redis.call('HSET', prefix .. 'next', gate, through + 1) end
return promote(touched)
