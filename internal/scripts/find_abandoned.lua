-- find_abandoned returns some entries of a registry of started jobs whose heartbeats
-- have expired by the server's clock. take_over decides about each.
--
-- KEYS: the registry
-- ARGV: how many to skip, how many at the most, now in Unix seconds ("0": the server's)
-- returns the entries, the oldest first
return redis.call('ZRANGEBYSCORE', KEYS[1], 0, server_now(ARGV[3]), 'LIMIT', ARGV[1], ARGV[2])
