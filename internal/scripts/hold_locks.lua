-- hold_locks takes the scheduler locks that are free and renews the caller's own
-- (rq/scripts.py ACQUIRE_OR_REFRESH_LOCK_SCRIPT). If the caller then holds any lock,
-- its scheduler hash is written with all fields, because a late heartbeat of RQ leaves
-- a hash with one field, which RQScheduler.fetch cannot read.
--
-- KEYS: scheduler, then the locks
-- ARGV: what the locks of the caller hold, for how many seconds, then the fields
--       and values of the scheduler (none for RQ before 2.10, which has no such hash)
-- returns for each lock 1 if it was free, 2 if the caller held it, 0 if another holds it
local owner, seconds = ARGV[1], ARGV[2]
local outcomes, any = {}, false
for i = 2, #KEYS do
  local holder = redis.pcall('GET', KEYS[i]) -- an error is not the owner either
  outcomes[i - 1] = 0
  if not holder then
    redis.call('SET', KEYS[i], owner, 'EX', seconds)
    outcomes[i - 1] = 1
  elseif holder == owner then
    redis.call('EXPIRE', KEYS[i], seconds)
    outcomes[i - 1] = 2
  end
  any = any or outcomes[i - 1] > 0
end
if any and #ARGV > 2 then
  own('HSET', KEYS[1], unpack(ARGV, 3))
  redis.call('EXPIRE', KEYS[1], seconds)
end
return outcomes
