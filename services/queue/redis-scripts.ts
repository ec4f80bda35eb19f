/**
 * What is done in Redis, each in one step. Every script has one key, the prefix of all (shape: `{supervisor}:`), and as its first
 * argument the time of the caller, or nothing for that of the server: one clock for all machines.
 *
 * Below the prefix:
 * - `task:ID` a hash; JSON stands as text; what has no value is left out;
 * - `state:STATE` the ids in that state, in their own order;
 * - `types` what kinds there are; `ready:TYPE` those that may begin, the most urgent first; `leases:TYPE` those that run, by the end of the lease;
 * - `delayed` those that rest, by the end of that; `ended` by the end of the task; `keys` idempotency key to id;
 * - `paused` types, or `*`; `rates` when the next of a type may begin;
 * - `idle`, `blocked` bells: there while a worker sleeps that found nothing due, nothing that was let in; rung on the channel `wake`.
 */
const PRELUDE = `
local P, now, call = KEYS[1], tonumber(ARGV[1]), redis.call
if not now then
  local time = call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local function at(id) return P .. 'task:' .. id end
local function view(id)
  return call('HMGET', at(id), 'id', 'type', 'payload', 'state', 'attempts', 'max_attempts', 'priority', 'created_at',
    'started_at', 'finished_at', 'progress', 'result', 'error', 'idempotency_key', 'traceparent')
end
local function ring(bell)
  if call('DEL', P .. bell) == 1 then call('PUBLISH', P .. 'wake', '') end
end
local function move(id, from, to, ...)
  call('ZREM', P .. 'state:' .. from, id)
  call('ZADD', P .. 'state:' .. to, 0, id)
  call('HSET', at(id), 'state', to, ...)
end
local function be_ready(id, type, priority, due)
  call('ZADD', P .. 'ready:' .. type, due - priority * 4398046511104, id)
end
local function place(id, type, priority, due)
  if due <= now then be_ready(id, type, priority, due) else call('ZADD', P .. 'delayed', due, id) end
  ring('idle')
end
local function await(id, type, priority, due)
  call('HSET', at(id), 'due_at', due)
  place(id, type, priority, due)
end
local function is_over(id)
  call('HSET', at(id), 'finished_at', now)
  call('ZADD', P .. 'ended', now, id)
end
local function forget(id)
  local state, key = unpack(call('HMGET', at(id), 'state', 'idempotency_key'))
  call('ZREM', P .. 'state:' .. state, id)
  call('ZREM', P .. 'ended', id)
  if key then call('HDEL', P .. 'keys', key) end
  call('DEL', at(id))
end
local function leave(id, type, lease)
  call('ZREM', P .. 'leases:' .. type, id)
  call('HDEL', at(id), 'lease')
  call('HSET', at(id), 'last_lease', lease)
  ring('blocked')
end
`;

/** Of what is taken in hand together by one script: it holds up everybody else meanwhile. */
export const AT_ONCE = 100;

const enqueue = `
local id, type, payload, priority, delay, max_attempts, key, traceparent = unpack(ARGV, 2, 9)
local max_pending, keep, swept, deadline = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])
if deadline and now > deadline then return {'late'} end
local known = key ~= '' and call('HGET', P .. 'keys', key)
if known then return {'known', view(known)} end
if call('EXISTS', at(id)) == 1 then return {'fresh', view(id)} end
if call('ZCARD', P .. 'state:queued') + call('ZCARD', P .. 'state:failed') >= max_pending then return {'full'} end
for _, old in ipairs(call('ZRANGEBYSCORE', P .. 'ended', '-inf', now - keep, 'LIMIT', 0, swept)) do forget(old) end
local due, more = now + delay, {}
if traceparent ~= '' then more = {'traceparent', traceparent} end
if key ~= '' then
  more[#more + 1], more[#more + 2] = 'idempotency_key', key
  call('HSET', P .. 'keys', key, id)
end
call('HSET', at(id), 'id', id, 'type', type, 'payload', payload, 'state', 'queued', 'attempts', 0, 'max_attempts', max_attempts,
  'priority', priority, 'created_at', now, 'due_at', due, unpack(more))
call('SADD', P .. 'types', type)
call('ZADD', P .. 'state:queued', 0, id)
place(id, type, priority, due)
return {'new', now}
`;

/** Which types may begin. The limits of types are the second argument: as JSON, or nothing. */
const GATE = `
local limits = ARGV[2] ~= '' and cjson.decode(ARGV[2]) or {}
local types, paused = call('SMEMBERS', P .. 'types'), {}
for _, type in ipairs(call('SMEMBERS', P .. 'paused')) do paused[type] = true end
local function opens_at(type)
  local limit = limits[type]
  if not limit or not limit.interval_ms then return 0 end
  return tonumber(call('HGET', P .. 'rates', type) or 0) - limit.tolerance_ms
end
local function is_full(type, more)
  local limit = limits[type]
  return limit and limit.concurrency and call('ZCARD', P .. 'leases:' .. type) + (more or 0) >= limit.concurrency
end
local function is_paused(type) return paused['*'] or paused[type] end
local function is_open(type, more) return not is_full(type, more) and opens_at(type) <= now end
`;

/** Arguments: the limits, how many, worker, lease, its end from now, the error of a lease that ran out. */
const take = `${GATE}
local count, worker, lease, lease_ms, expired = unpack(ARGV, 3, 7)
for _, type in ipairs(types) do
  for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'leases:' .. type, '-inf', now, 'LIMIT', 0, ${AT_ONCE})) do
    local attempts, max_attempts, priority = unpack(call('HMGET', at(id), 'attempts', 'max_attempts', 'priority'))
    call('ZREM', P .. 'leases:' .. type, id)
    call('HDEL', at(id), 'lease')
    if tonumber(attempts) >= tonumber(max_attempts) then
      move(id, 'running', 'dead', 'error', expired)
      is_over(id)
    else
      move(id, 'running', 'failed', 'error', expired, 'due_at', now)
      be_ready(id, type, priority, now)
    end
  end
end
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'delayed', '-inf', now, 'LIMIT', 0, ${AT_ONCE})) do
  local type, priority, due = unpack(call('HMGET', at(id), 'type', 'priority', 'due_at'))
  call('ZREM', P .. 'delayed', id)
  be_ready(id, type, priority, due)
end
local ready, begun, left, running, is_blocked = {}, {}, {}, {}, false
for _, type in ipairs(types) do
  begun[type] = {}
  ready[type] = is_paused(type) and {} or call('ZRANGE', P .. 'ready:' .. type, 0, count - 1, 'WITHSCORES')
end
local function first()
  local best, best_score, best_type
  for _, type in ipairs(types) do
    local n = #begun[type]
    local id, score = ready[type][2 * n + 1], tonumber(ready[type][2 * n + 2])
    if id and (not best or score < best_score or (score == best_score and id < best)) then
      if is_open(type, n) then best, best_score, best_type = id, score, type else is_blocked = true end
    end
  end
  return best, best_type
end
local function begin(id, type)
  local limit = limits[type]
  if limit and limit.interval_ms then
    local next = math.max(now, tonumber(call('HGET', P .. 'rates', type) or 0)) + limit.interval_ms
    call('HSET', P .. 'rates', type, next)
  end
  local task = view(id)
  local state, attempts = task[4], task[5] + 1
  left[state] = left[state] or {}
  for _, ids in ipairs({begun[type], left[state]}) do ids[#ids + 1] = id end
  running[#running + 1], running[#running + 2] = 0, id
  call('HSET', at(id), 'state', 'running', 'attempts', attempts, 'started_at', now, 'worker', worker, 'lease', lease)
  task[4], task[5], task[9] = 'running', attempts, now
  return task
end
local taken = {}
for n = 1, tonumber(count) do
  local id, type = first()
  if not id then break end
  taken[n] = begin(id, type)
end
for type, ids in pairs(begun) do
  local leases = {}
  for n, id in ipairs(ids) do leases[2 * n - 1], leases[2 * n] = now + lease_ms, id end
  if #ids > 0 then
    call('ZREM', P .. 'ready:' .. type, unpack(ids))
    call('ZADD', P .. 'leases:' .. type, unpack(leases))
  end
end
for state, ids in pairs(left) do call('ZREM', P .. 'state:' .. state, unpack(ids)) end
if #running > 0 then call('ZADD', P .. 'state:running', unpack(running)) end
if #taken == 0 then
  call('SET', P .. 'idle', 1, 'PX', 60000)
  if is_blocked then call('SET', P .. 'blocked', 1, 'PX', 60000) end
end
return taken
`;

/** What only the holder of the lease may do. Arguments: id, lease, whether the same was sent before and got no answer. */
const HELD = `
local id, lease, is_repeated = unpack(ARGV, 2, 4)
local holder, last, type, error = unpack(call('HMGET', at(id), 'lease', 'last_lease', 'type', 'error'))
if holder ~= lease then return (is_repeated == '1' and last == lease) and 1 or 0 end
`;

const renew = `${HELD}
call('ZADD', P .. 'leases:' .. type, now + ARGV[5], id)
return 1
`;

const progress = `${HELD}
call('HSET', at(id), 'progress', ARGV[5])
return 1
`;

/** What nearly every task comes to: as few writes as there can be, since each is sent to the append-only file, too. */
const done = `${HELD}
call('ZREM', P .. 'leases:' .. type, id)
move(id, 'running', 'done', 'result', ARGV[5], 'finished_at', now, 'last_lease', lease, 'lease', '')
if error then call('HDEL', at(id), 'error') end
call('ZADD', P .. 'ended', now, id)
ring('blocked')
return 1
`;

/** Arguments: the error, and how long it rests; nothing: it is dead. */
const failed = `${HELD}
leave(id, type, lease)
local rest = tonumber(ARGV[6])
if rest then
  move(id, 'running', 'failed', 'error', ARGV[5])
  await(id, type, call('HGET', at(id), 'priority'), now + rest)
else
  move(id, 'running', 'dead', 'error', ARGV[5])
  is_over(id)
end
return 1
`;

const release = `${HELD}
leave(id, type, lease)
call('HINCRBY', at(id), 'attempts', -1)
call('HDEL', at(id), 'started_at')
move(id, 'running', 'queued')
local priority, due = unpack(call('HMGET', at(id), 'priority', 'due_at'))
await(id, type, priority, tonumber(due))
return 1
`;

/** An order about one task. Arguments: its id, the states that it may be in. Answers 0: unknown, -1: refused, 1: changed. */
const ORDER = `
local id = ARGV[2]
local state, type, priority = unpack(call('HMGET', at(id), 'state', 'type', 'priority'))
if not state then return 0 end
local is_meant = false
for n = 3, #ARGV do is_meant = is_meant or ARGV[n] == state end
if not is_meant then return -1 end
`;

const cancel = `${ORDER}
for _, place in ipairs({'ready:' .. type, 'leases:' .. type, 'delayed'}) do call('ZREM', P .. place, id) end
call('HDEL', at(id), 'lease')
move(id, state, 'cancelled')
is_over(id)
ring('blocked')
return 1
`;

const retry = `${ORDER}
call('ZREM', P .. 'ended', id)
call('HDEL', at(id), 'started_at', 'finished_at', 'progress', 'result', 'error', 'last_lease')
move(id, state, 'queued', 'attempts', 0)
await(id, type, priority, now)
return 1
`;

const discard = `${ORDER}
forget(id)
return 1
`;

const get = `
if call('EXISTS', at(ARGV[2])) == 0 then return false end
return view(ARGV[2])
`;

/** Arguments: the id after which it begins, how many, the states. */
const list = `
local ids = {}
for n = 4, #ARGV do
  local from = ARGV[2] == '' and '-' or '(' .. ARGV[2]
  for _, id in ipairs(call('ZRANGEBYLEX', P .. 'state:' .. ARGV[n], from, '+', 'LIMIT', 0, ARGV[3])) do ids[#ids + 1] = id end
end
table.sort(ids)
local page = {}
for n = 1, math.min(#ids, tonumber(ARGV[3])) do page[n] = view(ids[n]) end
return page
`;

/** Arguments: the states. Answers with how many are in each, the age of the oldest that is queued or false, and what is paused. */
const stats = `
local counts = {}
for n = 2, #ARGV do counts[n - 1] = call('ZCARD', P .. 'state:' .. ARGV[n]) end
local oldest = call('ZRANGE', P .. 'state:queued', 0, 0)[1]
return {counts, oldest and now - call('HGET', at(oldest), 'created_at') or false, call('SMEMBERS', P .. 'paused')}
`;

/** Argument: the limits. Answers how long nothing will be due, or -1: until somebody rings. */
const next = `${GATE}
local soonest = tonumber(call('ZRANGE', P .. 'delayed', 0, 0, 'WITHSCORES')[2] or math.huge)
for _, type in ipairs(types) do
  local lease = call('ZRANGE', P .. 'leases:' .. type, 0, 0, 'WITHSCORES')[2]
  soonest = math.min(soonest, tonumber(lease or math.huge))
  if call('EXISTS', P .. 'ready:' .. type) == 1 and not is_paused(type) and not is_full(type) then
    soonest = math.min(soonest, opens_at(type))
  end
end
return soonest == math.huge and -1 or math.max(0, math.ceil(soonest - now))
`;

const pause = `return call('SADD', P .. 'paused', ARGV[2])`;

const resume = `
call('SREM', P .. 'paused', ARGV[2])
return call('PUBLISH', P .. 'wake', '')
`;

const bodies = {
  enqueue,
  take,
  renew,
  progress,
  done,
  failed,
  release,
  cancel,
  retry,
  discard,
  get,
  list,
  stats,
  next,
  pause,
  resume,
};

export type ScriptName = keyof typeof bodies;

/** The Lua text of each. */
export const scripts = Object.fromEntries(
  Object.entries(bodies).map(([name, body]) => [name, `${PRELUDE}${body}`]),
) as Readonly<Record<ScriptName, string>>;
