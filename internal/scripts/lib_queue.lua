-- The longest queue that one script searches for one job.
local longest_queue = 10000

-- The largest distance from an end of a queue at which an id is taken out of it: Redis
-- goes through all ids in between.
local reach = 300000

-- take_out removes the text that has replaced ids at some places of a queue. Far from
-- both ends of the queue the text stays: it is not the id of a job, and a worker that
-- takes it continues with the next one.
--
-- first, last: the stretch with these places; n: how many there are; within: the reach,
-- if another
local function take_out(queue, tombstone, n, first, last, within)
  within = within or reach
  local behind = redis.call('LLEN', queue) - first
  if last < behind and last <= within then
    redis.call('LREM', queue, n, tombstone)
  elseif behind <= within then
    redis.call('LREM', queue, -n, tombstone)
  end
end
