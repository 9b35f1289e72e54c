-- delete_job removes a job: its hash, results, relations and executions, and its id
-- from its queue, registry, group and rate limit. As in RQ, it stays in the sets of
-- dependents of the jobs that it waits for.
--
-- KEYS: job
-- ARGV: id, "1" to look for it in its queue, now in Unix seconds, enqueued_at
--       for the job that gets its slot
-- returns 1, 0 if there is no such job, -3 if its queue is too long to look for it
--       in one step
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
if ARGV[2] == '1' then -- even after it has ended: its id may have been enqueued twice
  local queue = 'rq:queue:' .. (redis.call('HGET', KEYS[1], 'origin') or '')
  local length = redis.call('LLEN', queue)
  if length > longest_queue then
    return -3
  end
  if length > 0 then
    redis.call('LREM', queue, 0, ARGV[1])
  end
end
delete_stored(ARGV[1], ARGV[3], ARGV[4])
return 1
