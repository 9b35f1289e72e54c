-- cut_seconds returns a number of seconds as a text that EXPIRE takes: without a
-- fraction, and no more than the longest that anything is kept. What is no number
-- is 0.
local function cut_seconds(seconds)
  local n = math.floor(math.min(tonumber(seconds or 0) or 0, longest))
  return n == n and string.format('%.0f', n) or '0'
end

-- expire_key lets a key expire after so many seconds. None, or what is not
-- positive, changes nothing.
local function expire_key(key, seconds)
  seconds = cut_seconds(seconds)
  if tonumber(seconds) > 0 then
    redis.call('EXPIRE', key, seconds)
  end
end
