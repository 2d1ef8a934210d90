-- activate: from here on the new epoch is the one that holds.
--
-- ARGV[1], [2] the new epoch and its prefix
-- Returns {'OK'}, or {'STALE'} when the store was emptied or restarted while it was filled.

local marker = prefix .. 'loading'
if redis.call('GET', marker) ~= run_id() then return {'STALE'} end
redis.call('DEL', marker)
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. run_id())
return {'OK'}
