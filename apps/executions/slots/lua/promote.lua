-- promote(gates): lets in where there is room, after a limit was raised or a call ended at MAX_MOVES.
--
-- ARGV[3…] limits (see take_limits), then gates
-- Returns {granted, more}

if is_stale() then return {'STALE'} end
local gates = {}
for at = take_limits(3), #ARGV do gates[#gates + 1] = ARGV[at] end
return promote(gates)
