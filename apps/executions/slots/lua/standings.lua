-- standings(executions): where each of them stands. One reply instead of one for each: a caller reads that much faster.
--
-- ARGV[3…] executions
-- Returns {'OK', attempt, gates ("1,2"), stage, …}; the three of an execution that is not here are null

if is_stale() then return {'STALE'} end
local found = {'OK'}
for at = 3, #ARGV do
    local x = redis.call('HMGET', key('x', ARGV[at]), 'attempt', 'gates', 'stage')
    for field = 1, 3 do found[#found + 1] = x[field] end
end
return found
