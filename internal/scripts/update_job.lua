-- update_job sets fields of a job that exists. Without the check, a late write
-- would bring a deleted job back as a hash with those fields only.
--
-- KEYS: job
-- ARGV: fields and values
-- returns 1, or 0 if there is no such job
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1
