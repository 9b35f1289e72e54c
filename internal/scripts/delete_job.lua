-- delete_job removes a job: its hash, results, relations and executions, and its
-- place in its queue, registry, group and rate limit. As in RQ, it stays in the
-- sets of dependents of those it waits for.
--
-- KEYS: job, dependents of it, dependencies of it, results, executions
-- ARGV: id, "1" to look for it in its queue, now in Unix seconds, enqueued_at
--       for whoever gets its slot
-- returns 1, or 0 if there is no such job
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
local id, now, enqueued_at = ARGV[1], ARGV[3], ARGV[4]
local origin, status, group = unpack(redis.call('HMGET', KEYS[1], 'origin', 'status', 'group_id'))
local limit = rate_limit_of(KEYS[1])
origin = origin or ''
if ARGV[2] == '1' then
  redis.call('LREM', 'rq:queue:' .. origin, 1, id)
end
leave_registry(id, origin, status)
if not limit then
  -- A running job that is rate limited keeps its executions: they hold its slot.
  for _, execution in ipairs(redis.call('ZRANGE', KEYS[5], 0, -1)) do
    local pair = id .. ':' .. execution
    local worker = redis.call('HGET', 'rq:execution:' .. pair, 'worker_name')
    if worker and worker ~= '' then
      redis.call('SREM', 'rq:worker:' .. worker .. ':executions', pair)
    end
    redis.call('DEL', 'rq:execution:' .. pair)
    redis.call('ZREM', 'rq:wip:' .. origin, pair)
  end
  redis.call('DEL', KEYS[5])
end
if group and group ~= '' then
  redis.call('SREM', 'rq:group:' .. group, id)
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
if limit then
  leave_rate_limit(id, limit, now, enqueued_at)
end
return 1
