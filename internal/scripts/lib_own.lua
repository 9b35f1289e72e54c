-- own runs a command on a key that is one job's or one worker's alone, and that
-- RQ deletes with it. If it holds something else, that is replaced: it must not
-- keep a job from being started or settled.
local function own(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) == 'table' and reply.err then
    if not string.find(reply.err, 'WRONGTYPE', 1, true) then
      error(reply.err, 0)
    end
    redis.call('DEL', key)
    return redis.call(command, key, ...)
  end
  return reply
end
