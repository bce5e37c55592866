-- The workspaces in which something may be due, the longest due first, each with a stamp that changes when somebody says so
-- again. KEYS[1] holds the times in microseconds, KEYS[2] the stamps.
local teams = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, tonumber(ARGV[2]))
local found = {}
for i, team in ipairs(teams) do
  found[i] = { team, redis.call('HGET', KEYS[2], team) or '0', redis.call('ZSCORE', KEYS[1], team) }
end
return found
