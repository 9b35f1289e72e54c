-- release_dependents continues where a script has left the dependents of a job that has
-- ended or was canceled. It looks at some of them, and puts those in their queues that
-- wait for no other job. The others still wait, in the set of that job if it exists. If
-- the caller dies in between, nothing is lost: the entry is due again after some
-- seconds, for any client.
--
-- KEYS: rq:releasing
-- ARGV: an entry that is the caller's, "" for any that is due, the job and the cursor
--       that were returned with it, now in Unix seconds, enqueued_at
-- returns "1" if there is more to do, the entry to continue with ("" for any), the job to
--       begin with and a cursor in its dependencies
local note, first, cursor, now, enqueued_at = unpack(ARGV)
local seconds = redis.call('TIME')[1]
if note == '' then
  note, first, cursor = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', seconds, 'LIMIT', 0, 1)[1], '', '0'
end
if not note or not redis.call('ZSCORE', KEYS[1], note) then
  return {releases_due() and '1' or '0', '', '', '0'}
end
redis.call('ZADD', KEYS[1], seconds + 5, note) -- out of memory it fails here, and has changed nothing

-- must returns a reply, or raises its error, unless the key only holds something else:
-- then the entry is due again.
local function must(reply)
  if type(reply) == 'table' and reply.err and not string.find(reply.err, 'WRONGTYPE', 1, true) then
    error(reply.err, 0)
  end
  return reply
end

local waiting = 'rq:releasing:' .. note
local status, id = string.match(note, '^([%a_]+):%d+:(.*)$')
local dependents = status and must(redis.pcall('SRANDMEMBER', waiting, 200)) or {}
if first ~= '' and redis.pcall('SISMEMBER', waiting, first) == 1 then
  dependents = {first}
else
  cursor = '0'
end
local left, looked, stopped = release(dependents, id, status, now, enqueued_at, cursor)

-- stay puts jobs back into the dependents of a job that exists, to expire with it.
local function stay(ids)
  local job = 'rq:job:' .. id
  local ttl = redis.call('PTTL', job)
  if ttl ~= -2 then
    must(redis.pcall('SADD', job .. ':dependents', unpack(ids)))
    if ttl > 0 then
      redis.call('PEXPIRE', job .. ':dependents', ttl)
    end
  end
end

local gone, rest = {}, {}
for _, dependent in ipairs(left) do
  gone[dependent] = true
end
for i = 1, looked do
  if not gone[dependents[i]] then
    rest[#rest + 1] = dependents[i]
  end
end
if #rest > 0 then
  stay(rest)
end
if looked > 0 then
  redis.call('SREM', waiting, unpack(dependents, 1, looked))
end
if #dependents == 0 or redis.call('EXISTS', waiting) == 0 then
  redis.call('ZREM', KEYS[1], note)
  return {releases_due() and '1' or '0', '', '', '0'}
end
return {'1', note, stopped ~= '0' and dependents[looked + 1] or '', stopped}
