local scale = tonumber(arg[1]) or 1
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
local x = 0
for _ = 1, 12 * scale do x = x + fib(26) end
local t = {}
for i = 1, 100000 * scale do t[i] = (i * 7919) % 100003 end
table.sort(t, function(a, b) return a > b end)
local s = setmetatable({}, { __index = function(_, k) return k end, __call = function(_, a) return a + 1 end })
for i = 1, 2000000 * scale do x = x + s[i] + s(i) end
print(x, t[1])
