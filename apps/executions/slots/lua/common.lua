-- Put before every script. Guards the epoch and lets in whoever there is room for.
--
-- KEYS[1]  {slots}:epoch                      STRING  "<epoch>|<run_id of the server that was filled>"; for ever
-- ARGV[1]  the epoch the caller believes in
-- ARGV[2]  key prefix of that epoch, "{slots}:<epoch>:"
--
-- Keys under the prefix, all without expiry, removed as a whole after a rebuild:
--   waiting:<gate>    LIST    executions in line, next one on the left
--   returning:<gate>  ZSET    number -> execution; entered late: let in before everybody in line with a greater number
--   holders:<gate>    HASH    execution -> attempt; nobody at gates of a rate
--   passed:<gate>     LIST    at gates of a rate: when the last ones passed, in ms since 1970, oldest on the left
--   due               ZSET    when the next may pass -> gate of a rate with a line in front of it
--   x:<execution>     HASH    attempt, number, gates ("1,2"), stage (gates passed so far), line (the kind it waits in)
--   next              HASH    gate -> the first number the line has not seen (1 when absent)
--   policy            HASH    gate -> policy
--   limit             HASH    policy -> "<limit>|<version>|<window in ms>", limit -1: none, window 0: so many at a time
--
-- Returns {'STALE'} instead of anything else when the store is not what the caller believes.

local prefix = ARGV[2]
local MAX_MOVES = 200

local function run_id()
    return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

local function is_stale()
    return redis.call('GET', KEYS[1]) ~= ARGV[1] .. '|' .. run_id()
end

local function key(kind, id)
    return prefix .. kind .. ':' .. id
end

local function split(text)
    local parts = {}
    for part in string.gmatch(text, '[^,]+') do parts[#parts + 1] = part end
    return parts
end

-- {attempt=, number=, gates={…}, stage=, line=} or nil
local function standing(execution)
    local x = redis.call('HMGET', key('x', execution), 'attempt', 'number', 'gates', 'stage', 'line')
    if not x[1] then return nil end
    return {attempt = tonumber(x[1]), number = x[2], gates = split(x[3]), stage = tonumber(x[4]), line = x[5]}
end

local function now_ms()
    local time = redis.call('TIME')
    return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- limit, window of a gate; nil when its policy is not known
local function rule_of(gate)
    local policy = redis.call('HGET', prefix .. 'policy', gate)
    local stored = policy and redis.call('HGET', prefix .. 'limit', policy)
    if not stored then return nil end
    local limit, window = string.match(stored, '^(-?%d+)|%d+|(%d+)$')
    return tonumber(limit), tonumber(window)
end

-- How many passed a gate within the last `window` ms; older ones are forgotten, however many in a few calls.
local function passed_lately(gate, window)
    local passed, border = key('passed', gate), now_ms() - window
    local count = redis.call('LLEN', passed)
    local old, young = 0, count
    if count > 0 and tonumber(redis.call('LINDEX', passed, 0)) > border then young = 0 end
    while old < young do
        local middle = math.floor((old + young) / 2)
        if tonumber(redis.call('LINDEX', passed, middle)) <= border then old = middle + 1 else young = middle end
    end
    if old > 0 then redis.call('LTRIM', passed, old, -1) end
    return count - old
end

local function room_at(gate)
    local limit, window = rule_of(gate)
    if not limit then return 0 end
    if limit < 0 then return MAX_MOVES + 1 end
    if window > 0 then return limit - passed_lately(gate, window) end
    return limit - redis.call('HLEN', key('holders', gate))
end

local function has_line(gate)
    return redis.call('EXISTS', key('waiting', gate), key('returning', gate)) > 0
end

-- A line at a gate of a rate goes on by itself when the oldest that passed falls out of the window.
local function set_alarm(gate)
    local limit, window = rule_of(gate)
    if not limit or limit <= 0 or window == 0 or not has_line(gate) then return end
    local passed = key('passed', gate)
    local leaves_first = redis.call('LINDEX', passed, redis.call('LLEN', passed) - limit)
    if leaves_first then redis.call('ZADD', prefix .. 'due', tonumber(leaves_first) + window, gate) end
end

-- Whether the head of the line came to its first gate here and has a smaller number than `number`.
local function line_is_before(gate, number)
    local head = redis.call('LINDEX', key('waiting', gate), 0)
    local x = head and standing(head)
    return x and x.stage == 0 and tonumber(x.number) < number
end

local function head_of(gate)
    local returning = redis.call('ZRANGE', key('returning', gate), 0, 0, 'WITHSCORES')
    if returning[1] and not line_is_before(gate, tonumber(returning[2])) then
        redis.call('ZREM', key('returning', gate), returning[1])
        return returning[1]
    end
    return redis.call('LPOP', key('waiting', gate))
end

local function stand_in_line(execution, gate, line, number)
    redis.call('HSET', key('x', execution), 'line', line)
    if line == 'returning' then
        redis.call('ZADD', key('returning', gate), number, execution)
    else
        redis.call('RPUSH', key('waiting', gate), execution)
    end
end

-- Takes the head of `gate`'s line through it; returns the gate it waits at next, or nil with the grant added.
local function let_in(execution, gate, granted)
    local x = standing(execution)
    local limit, window = rule_of(gate)
    if limit >= 0 and window > 0 then
        redis.call('RPUSH', key('passed', gate), now_ms())
    elseif window == 0 then
        redis.call('HSET', key('holders', gate), execution, x.attempt)
    end
    redis.call('HSET', key('x', execution), 'stage', x.stage + 1)
    local next_gate = x.gates[x.stage + 2]
    if next_gate then
        stand_in_line(execution, next_gate, 'waiting')
        return next_gate
    end
    redis.call('HSET', key('x', execution), 'line', '')
    granted[#granted + 1] = execution
    granted[#granted + 1] = x.attempt
    return nil
end

-- Lets in at `gates` and at those reached from there. Returns {granted, more}.
local function promote(gates)
    local granted, more, queue, queued, moves, at = {}, {}, {}, {}, 0, 1
    local function add(gate)
        if not queued[gate] then
            queued[gate] = true
            queue[#queue + 1] = gate
        end
    end
    for _, gate in ipairs(gates) do add(gate) end
    while at <= #queue do
        local gate = queue[at]
        at = at + 1
        queued[gate] = nil
        local room = room_at(gate)
        while room > 0 do
            if moves >= MAX_MOVES then
                more[#more + 1] = gate
                break
            end
            local execution = head_of(gate)
            if not execution then break end
            moves = moves + 1
            room = room - 1
            local next_gate = let_in(execution, gate, granted)
            if next_gate then add(next_gate) end
        end
        if room <= 0 then set_alarm(gate) end
    end
    return {granted, more}
end

-- Removes an execution wherever it stands; returns the gates where it held a slot.
local function take_out(execution, x)
    local freed = {}
    for stage = 1, x.stage do
        redis.call('HDEL', key('holders', x.gates[stage]), execution)
        freed[#freed + 1] = x.gates[stage]
    end
    local gate = x.gates[x.stage + 1]
    if gate then
        if x.line == 'returning' then
            redis.call('ZREM', key('returning', gate), execution)
        else
            redis.call('LREM', key('waiting', gate), 1, execution)
        end
    end
    redis.call('DEL', key('x', execution))
    return freed
end

-- ARGV[from] = how many, then policy, limit, version, window of each. Returns the position after them.
local function take_limits(from)
    local count = tonumber(ARGV[from])
    local at = from + 1
    for _ = 1, count do
        local policy, limit, version, window = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3]
        local stored = redis.call('HGET', prefix .. 'limit', policy)
        if not stored or tonumber(string.match(stored, '|(%d+)|')) < version then
            redis.call('HSET', prefix .. 'limit', policy, limit .. '|' .. version .. '|' .. window)
        end
        at = at + 4
    end
    return at
end

-- "gate:policy,gate:policy" -> {gate, gate}, remembering each gate's policy.
local function take_gates(text)
    local gates = {}
    for gate, policy in string.gmatch(text, '(%d+):(%d+)') do
        redis.call('HSET', prefix .. 'policy', gate, policy)
        gates[#gates + 1] = gate
    end
    return gates
end

local function remember(execution, attempt, number, gates, stage)
    redis.call('HSET', key('x', execution), 'attempt', attempt, 'number', number,
        'gates', table.concat(gates, ','), 'stage', stage, 'line', '')
end

-- One that has passed all its gates already. When it passed those of a rate is told apart from this (see load).
local function hold_all(execution, attempt, gates)
    for _, gate in ipairs(gates) do
        local _, window = rule_of(gate)
        if not window or window == 0 then redis.call('HSET', key('holders', gate), execution, attempt) end
    end
end

local function next_number(gate)
    return tonumber(redis.call('HGET', prefix .. 'next', gate) or '1')
end
