-- Upvalues, open and closed, shared between closures, in loops and across calls.
local function counter(step)
  local n = 0
  return function() n = n + step; return n end, function() return n end
end
local up, get = counter(3)
for _ = 1, 1000 do up() end
print("counter", get())

local list = {}
for i = 1, 50 do list[i] = function(x) i = i + x; return i end end
local sum = 0
for round = 1, 20 do
  for i = 1, 50 do sum = sum + list[i](round) end
end
print("loop upvalues", sum)

local function compose(f, g) return function(...) return f(g(...)) end end
local f = function(x) return x + 1 end
for _ = 1, 100 do f = compose(f, function(x) return x * 3 % 1000003 end) end
print("composed", f(7))

local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print("fib", fib(20))
local function variadic(...)
  local t = table.pack(...)
  return select("#", ...), t.n, (select(-1, ...))
end
print("variadic", variadic(1, nil, 3, nil, 5))
goto done
print("not reached")
::done::
