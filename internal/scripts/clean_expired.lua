-- clean_expired removes some of the expired entries of a registry. Entries with a
-- negative score stay, as in RQ.
--
-- KEYS: registry
-- ARGV: now in Unix seconds ("0": the server's), how many at the most
-- returns the number of entries removed; fewer than asked for means none is left
local first = redis.call('ZCOUNT', KEYS[1], '-inf', '(0')
local expired = math.min(redis.call('ZCOUNT', KEYS[1], 0, server_now(ARGV[1])), tonumber(ARGV[2]))
if expired > 0 then
  redis.call('ZREMRANGEBYRANK', KEYS[1], first, first + expired - 1)
end
return expired
