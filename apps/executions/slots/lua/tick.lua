-- tick(): lets in at gates of a rate whose time has come.
--
-- Returns {granted, more, ms until the next is due (-1: none)}

if is_stale() then return {'STALE'} end
local due, now = prefix .. 'due', now_ms()
local gates = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, MAX_MOVES)
for _, gate in ipairs(gates) do redis.call('ZREM', due, gate) end
local outcome = promote(gates)
local head = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
return {outcome[1], outcome[2], head[1] and math.max(0, tonumber(head[2]) - now) or -1}
