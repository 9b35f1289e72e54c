-- clean_intermediate looks at one stretch of the ids that workers took and did not
-- start. Ids without a job are removed. For the others it can note when they were first
-- seen, as RQ does, whose workers count a minute from then. The stretch is counted from
-- the end, so that ids added at the front meanwhile do not shift it.
--
-- KEYS: intermediate queue
-- ARGV: queue, how many ids lie behind the stretch, its length, "1" to note when an
--       id is seen for the first time, now in Unix seconds with a fraction ("0":
--       the server's)
-- returns the number of ids in the stretch, how many of them were removed, now, then
--       for each that is in no execution, and of which nothing was noted now, from
--       the end on: the id, when it was first seen ("" if that is not noted), and
--       its enqueued_at
local queue, behind, length, note, now = unpack(ARGV)
if now == '0' then
  local time = redis.call('TIME')
  now = string.format('%d.%06d', time[1], time[2])
end
local size = redis.call('LLEN', KEYS[1])
local last = size - 1 - behind
if last < 0 then
  return {0, 0, now}
end
local first = math.max(0, last - length + 1)
local ids, before = redis.call('LRANGE', KEYS[1], first, last), size
local seen = {}

-- remove takes out the id at an index. It moves the last id there, which costs the same
-- for any length, because the order does not matter.
local function remove(index)
  local moved = redis.call('RPOP', KEYS[1])
  size = size - 1
  if index < size then
    redis.call('LSET', KEYS[1], index, moved)
  end
end

for i = #ids, 1, -1 do
  local id = ids[i]
  local job, first_seen = 'rq:job:' .. id, KEYS[1] .. ':first_seen:' .. id
  if try('HEXISTS', job, 'data') ~= 1 then
    remove(first + i - 1)
    redis.call('DEL', first_seen)
  else
    local origin, enqueued_at = unpack(redis.call('HMGET', job, 'origin', 'enqueued_at'))
    if not executing(id, origin, queue) and not (note == '1' and redis.call('SET', first_seen, now, 'NX', 'EX', 86400)) then
      seen[#seen + 1] = id
      seen[#seen + 1] = try('GET', first_seen) or ''
      seen[#seen + 1] = enqueued_at or ''
    end
  end
end
return {#ids, before - size, now, unpack(seen)}
