-- Takes a closed incident out, if it is still as it was read, and keeps a row of it for the reports.
local incident, version, row = ARGV[2], ARGV[3], ARGV[4]
local meta, is_known = meta_of(incident)
if not is_known or meta[OPEN] == '1' or meta[VERSION] ~= version then return 0 end
for m = FIRST_MESSAGE, #meta do
  if is_own(incident, meta[m]) then
    local tab = string.find(meta[m], '\t', 1, true)
    local ts = string.sub(meta[m], tab + 1)
    redis.call('HDEL', bucket_of(string.sub(meta[m], 1, tab - 1), ts), ts)
  end
end
local by_url, hash = base .. 'u:' .. meta[WHERE], hash_of(meta[URL])
if redis.call('HGET', by_url, hash) == incident then redis.call('HDEL', by_url, hash) end
redis.call('ZREM', base .. 'r:' .. meta[WHERE], incident)
redis.call('DEL', base .. 'i:' .. incident)
keep_past(incident, row)
return 1
