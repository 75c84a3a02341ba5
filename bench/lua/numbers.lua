local scale = tonumber(arg[1]) or 1
local n, sum = math.floor(240 * scale ^ (1 / 3)), 0
local a, b = {}, {}
for i = 1, n do a[i], b[i] = {}, {} for j = 1, n do a[i][j], b[i][j] = i + j, i - j end end
for i = 1, n do for j = 1, n do local s = 0 for k = 1, n do s = s + a[i][k] * b[k][j] end sum = sum + s end end
local sieve = {}
local limit = math.floor(2000000 * scale)
for i = 2, limit do if not sieve[i] then sum = sum + 1 for j = i * i, limit, i do sieve[j] = true end end end
print(sum)
