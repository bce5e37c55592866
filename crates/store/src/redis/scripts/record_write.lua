-- Writes a record if it is still the one that was read. A record is its version, a tab, its end or nothing, a tab, its value.
-- KEYS: the shelf, the names on it, the numbers, what tells that the same was asked before and its answer lost, and how many records are on
-- which shelf.
local before = redis.call('GET', KEYS[4])
if before then
  -- A change like any other, so that whoever waits for the replicas now waits for the record, too.
  redis.call('EXPIRE', KEYS[4], 30)
  return before
end
local name, expected, takes_away, expires_at, value = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local found = redis.call('HGET', KEYS[1], name)
local version = found and string.match(found, '^(%d+)\t') or '0'
if version ~= expected then return '' end
local new = string.format('%.0f', redis.call('HINCRBY', KEYS[3], 'record', 1))
if takes_away == '1' then
  redis.call('HDEL', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
else
  redis.call('HSET', KEYS[1], name, new .. '\t' .. expires_at .. '\t' .. value)
  redis.call('ZADD', KEYS[2], 0, name)
end
local left = redis.call('HLEN', KEYS[1])
if left == 0 then
  redis.call('HDEL', KEYS[5], ARGV[6])
else
  redis.call('HSET', KEYS[5], ARGV[6], left)
end
redis.call('SET', KEYS[4], new, 'EX', 30)
return new
