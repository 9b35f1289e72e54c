-- The longest queue that one script looks through for one job.
local longest = 10000

-- The most ids that lie between an end of a queue and one that is taken out of it:
-- Redis goes through all of them.
local reach = 300000

-- take_out takes the ids out of a queue that a text has replaced at some places. Far
-- from both ends of the queue the text stays: it is the id of no job, and whoever
-- takes it goes on with the next one.
--
-- first, last: the stretch with these places; n: how many there are
local function take_out(queue, tombstone, n, first, last)
  local behind = redis.call('LLEN', queue) - first
  if last < behind and last <= reach then
    redis.call('LREM', queue, n, tombstone)
  elseif behind <= reach then
    redis.call('LREM', queue, -n, tombstone)
  end
end
