-- Takes one delivery of a webhook, if its rate has room for it (GCRA: a minute's worth at once, then evenly).
--
-- call:    take(KEYS[1], per_minute)
-- KEYS[1]  string: when the rate would be used up evenly, in microseconds of the server's clock; lives two minutes
-- ARGV[1]  deliveries per minute, 1 at least
-- returns  0, or in how many milliseconds there will be room
local time = redis.call("TIME")
local now = time[1] * 1000000 + time[2]
local every = 60000000 / tonumber(ARGV[1])
local due = tonumber(redis.call("GET", KEYS[1]) or "0")
if due < now then
  due = now
end
local early = due + every - now - 60000000
if early > 0 then
  return math.ceil(early / 1000)
end
redis.call("SET", KEYS[1], string.format("%.0f", due + every), "EX", 120)
return 0
