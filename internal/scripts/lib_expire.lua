local cut = {} -- what cut_seconds has returned

-- cut_seconds returns a number of seconds as text for EXPIRE: without a fraction, and
-- at most the longest TTL. A text that is not a number is 0.
local function cut_seconds(seconds)
  seconds = seconds or 0
  if not cut[seconds] then
    local n = math.floor(math.min(tonumber(seconds) or 0, longest_ttl))
    cut[seconds] = n == n and string.format('%.0f', n) or '0'
  end
  return cut[seconds]
end

-- expire_key lets a key expire after so many seconds. nil, or a number that is not
-- positive, changes nothing.
local function expire_key(key, seconds)
  seconds = cut_seconds(seconds)
  if tonumber(seconds) > 0 then
    redis.call('EXPIRE', key, seconds)
  end
end
