-- The jobs about one incident, in the order of their names.
local from = ARGV[2] .. '\0'
local jobs = {}
for _, member in ipairs(redis.call('ZRANGEBYLEX', ABOUT, '[' .. from, '(' .. ARGV[2] .. '\1')) do
  local key = string.sub(member, #from + 1)
  local raw = redis.call('HGET', JOBS, key)
  if raw then jobs[#jobs + 1] = { key, raw } end
end
return jobs
