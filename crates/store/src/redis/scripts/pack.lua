-- Replaces the log of an incident by one packed entry, if it is still the log that was packed.
local log = base .. 'i:' .. ARGV[2]
if redis.call('LINDEX', log, 0) ~= ARGV[3] or redis.call('LLEN', log) ~= tonumber(ARGV[4]) + 1 then return 0 end
redis.call('DEL', log)
redis.call('RPUSH', log, ARGV[3], ARGV[5])
return 1
