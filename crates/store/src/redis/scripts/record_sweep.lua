-- Takes away what has expired on a shelf.
local swept = 0
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local ends = string.match(redis.call('HGET', KEYS[1], name) or '', '^%d+\t(%d+)\t')
  if ends and ends <= ARGV[1] then
    redis.call('HDEL', KEYS[1], name)
    redis.call('ZREM', KEYS[2], name)
    swept = swept + 1
  end
end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('HDEL', KEYS[3], ARGV[2]) end
return swept
