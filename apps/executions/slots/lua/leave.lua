-- leave(execution): out of its line, its slots given back, the next let in.
--
-- ARGV[3] execution  [4] attempt
-- Returns {granted, more}; nothing happens for another attempt.

if is_stale() then return {'STALE'} end
local x = standing(ARGV[3])
if not x or x.attempt ~= tonumber(ARGV[4]) then return {{}, {}} end
return promote(take_out(ARGV[3], x))
