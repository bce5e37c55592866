-- The last incident about an address in a rotation.
local incident = redis.call('HGET', base .. 'u:' .. ARGV[2], hash_of(ARGV[3]))
if incident and meta_of(incident)[URL] == ARGV[3] then return incident end
return ''
