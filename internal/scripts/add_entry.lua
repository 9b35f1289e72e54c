-- add_entry puts an existing job in a registry, and on request lets it expire with its
-- relations. An entry that is already there gets the new score. The entry is written
-- first, so that an error leaves the job unchanged.
--
-- KEYS: registry, job
-- ARGV: id, score, ttl of the job in seconds (not positive: no change)
-- returns 1, or 0 if there is no such job
local id, score, ttl = unpack(ARGV)
if redis.call('EXISTS', KEYS[2]) == 0 then
  return 0
end
redis.call('ZADD', KEYS[1], score, id)
expire_job(id, ttl)
return 1
