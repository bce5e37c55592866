-- A page of a shelf, in the order of the names.
local names = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[1], '+', 'LIMIT', 0, tonumber(ARGV[2]))
local page = {}
for i, name in ipairs(names) do page[i] = { name, redis.call('HGET', KEYS[1], name) } end
return page
