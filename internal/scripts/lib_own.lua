-- own runs a command on a key that belongs to one job or worker only, and that RQ
-- deletes with it. If the key holds something else, that is replaced, so that it does
-- not keep a job from being started or settled.
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
