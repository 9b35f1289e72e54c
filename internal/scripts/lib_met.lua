-- is_met tells whether a dependency is done, or does not exist.
local function is_met(job, failed_will_do)
  local status = redis.call('HGET', job, 'status')
  local exists = status or redis.call('EXISTS', job) == 1
  local met = met_of[status]
  return not exists or met == 'always' or (failed_will_do and met == 'failed')
end
