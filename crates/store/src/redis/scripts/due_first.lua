-- The workspace in which something may be due first, with its stamp.
local team = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
if not team then return {} end
return { team, redis.call('HGET', KEYS[2], team) or '0', string.format('%.0f', redis.call('ZSCORE', KEYS[1], team)) }
