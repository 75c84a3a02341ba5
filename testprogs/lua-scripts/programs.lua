-- Longer computations: queens, primes, matrices, a word count, an interpreter in the interpreter, code that is loaded.
local N, found = 6, 0
local function place(row, cols, d1, d2)
  if row > N then found = found + 1; return end
  for c = 1, N do
    if not cols[c] and not d1[row + c] and not d2[row - c + N] then
      cols[c], d1[row + c], d2[row - c + N] = true, true, true
      place(row + 1, cols, d1, d2)
      cols[c], d1[row + c], d2[row - c + N] = nil, nil, nil
    end
  end
end
place(1, {}, {}, {})
print("queens", found)

local sieve, primes = {}, 0
for i = 2, 5000 do
  if not sieve[i] then
    primes = primes + 1
    for j = i * i, 5000, i do sieve[j] = true end
  end
end
print("primes", primes)

local function matrix(n, f) local m = {} for i = 1, n do m[i] = {} for j = 1, n do m[i][j] = f(i, j) end end return m end
local a, b = matrix(20, function(i, j) return i + j end), matrix(20, function(i, j) return i - j end)
local c = matrix(20, function(i, j) local s = 0 for k = 1, 20 do s = s + a[i][k] * b[k][j] end return s end)
print("matrix", c[1][1], c[20][20], c[7][13])

local chunk = load("local a, b = ... ; return function(x) return a * x + b end")
print("loaded", chunk(3, 4)(5))
print("dumped", load(string.dump(function(x) return x * x end))(12))
local program = { "push", 6, "push", 7, "mul", "push", 1, "add", "dup", "print", "jump", 13, "nop", "end" }
local stack, pc, steps = {}, 1, 0
local ops = {
  push = function() stack[#stack + 1] = program[pc + 1]; return pc + 2 end,
  mul = function() local y = table.remove(stack); stack[#stack] = stack[#stack] * y; return pc + 1 end,
  add = function() local y = table.remove(stack); stack[#stack] = stack[#stack] + y; return pc + 1 end,
  dup = function() stack[#stack + 1] = stack[#stack]; return pc + 1 end,
  print = function() print("machine", table.remove(stack)); return pc + 1 end,
  nop = function() return pc + 1 end,
  jump = function() return program[pc + 1] end,
}
while program[pc] ~= "end" do pc = ops[program[pc]](); steps = steps + 1 end
print("steps", steps, stack[1])
local memo = setmetatable({}, { __mode = "v" })
local function collatz(n) local s = 0 while n ~= 1 do n = n % 2 == 0 and n // 2 or 3 * n + 1; s = s + 1 end return s end
local best, at = 0, 0
for i = 1, 600 do local s = collatz(i) if s > best then best, at = s, i end end
print("collatz", at, best)
print(os.time({ year = 2020, month = 1, day = 1, hour = 12 }) ~= nil, type(os.clock()), arg[0] ~= nil)
os.exit(3, true)
