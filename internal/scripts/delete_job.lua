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
if ARGV[2] == '1' then -- also one that has ended: its id may have been enqueued twice
  redis.call('LREM', 'rq:queue:' .. (redis.call('HGET', KEYS[1], 'origin') or ''), 1, ARGV[1])
end
delete_stored(ARGV[1], ARGV[3], ARGV[4])
return 1
