-- update_job sets fields of a job that exists. Without the check, a late write would
-- recreate a deleted job as a hash with only those fields.
--
-- KEYS: job
-- ARGV: fields and values
-- returns 1, or 0 if there is no such job
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
