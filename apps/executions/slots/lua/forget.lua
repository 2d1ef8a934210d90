-- forget(gates): their rows are gone from the database; nobody stands at them.
--
-- ARGV[3…] gates

if is_stale() then return {'STALE'} end
for at = 3, #ARGV do
    redis.call('HDEL', prefix .. 'next', ARGV[at])
    redis.call('HDEL', prefix .. 'policy', ARGV[at])
    redis.call('DEL', key('passed', ARGV[at]))
    redis.call('ZREM', prefix .. 'due', ARGV[at])
end
return {'OK'}
