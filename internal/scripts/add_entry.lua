-- add_entry puts a job that exists in a registry, and on request lets it expire with
-- its relations. One that is there already gets the new score. The entry comes first,
-- so that an error leaves the job as it was.
--
-- KEYS: registry, job
-- ARGV: id, score, ttl of the job in seconds (not positive: it stays as it is)
-- returns 1, or 0 if there is no such job
local id, score, ttl = unpack(ARGV)
if redis.call('EXISTS', KEYS[2]) == 0 then
  return 0
end
redis.call('ZADD', KEYS[1], score, id)
expire_job(id, ttl)
return 1
