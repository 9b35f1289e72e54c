-- try runs a command on a key whose name comes from a stored id. If the key holds
-- something that is not RQ's, it returns nothing, so that one entry does not keep the
-- others from being cleaned.
local function try(...)
  local reply = redis.pcall(...)
  if type(reply) == 'table' and reply.err then
    return nil
  end
  return reply
end

-- executing tells whether a job is among the started ones of its queue. Before
-- RQ 2.0 their members are ids.
--
-- origin: the job's, nothing or "" if it has none; queue: where it was found
local function executing(id, origin, queue)
  local wip = 'rq:wip:' .. ((origin or '') ~= '' and origin or queue)
  if try('ZSCORE', wip, id) then
    return true
  end
  for _, execution in ipairs(try('ZRANGE', 'rq:executions:' .. id, 0, -1) or {}) do
    if try('ZSCORE', wip, id .. ':' .. execution) then
      return true
    end
  end
  return false
end
