-- Somebody has added what may be due sooner than was known. The stamp tells whoever looks at this moment that there is more.
redis.call('ZADD', KEYS[1], 'LT', ARGV[2], ARGV[1])
redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
return 1
