-- Every metamethod, called from the interpreter's middle.
local V = {}
V.__index = V
local function new(x, y) return setmetatable({ x = x, y = y }, V) end
function V.__add(a, b) return new(a.x + b.x, a.y + b.y) end
function V.__mul(a, k) if type(a) == "number" then a, k = k, a end return new(a.x * k, a.y * k) end
function V.__eq(a, b) return a.x == b.x and a.y == b.y end
function V.__lt(a, b) return a.x < b.x end
function V.__le(a, b) return a.x <= b.x end
function V.__unm(a) return new(-a.x, -a.y) end
function V.__len(a) return math.abs(a.x) + math.abs(a.y) end
function V.__concat(a, b) return tostring(a) .. "&" .. tostring(b) end
function V.__call(self, k) return self * k end
V.__tostring = function(a) return "(" .. a.x .. "," .. a.y .. ")" end
V.__idiv = function(a, k) return new(a.x // k, a.y // k) end
V.__band = function(a, k) return new(a.x & k, a.y & k) end
V.__shl = function(a, k) return new(a.x << k, a.y << k) end
local v = new(0, 0)
for i = 1, 500 do v = v + new(i, -i) * 2 end
print(v, -v, #v, v == new(250500, -250500), v < new(1, 1), v <= v, v .. v, v(2), v // 7, v & 255, v << 1)

local log = {}
local proxy = setmetatable({}, {
  __index = function(_, k) log[#log + 1] = "get " .. k; return #k end,
  __newindex = function(t, k, x) log[#log + 1] = "set " .. k; rawset(t, k, x) end,
  __pairs = function(t) return function(_, k) if not k then return 1, "one" end end, t, nil end,
})
proxy.a = proxy.bb + proxy.ccc
print(proxy.a, table.concat(log, " "))
for k, x in pairs(proxy) do print(k, x) end

local Base = {} Base.__index = Base
function Base:name() return "base " .. self.id end
local Derived = setmetatable({}, { __index = Base }) Derived.__index = Derived
function Derived:name() return "derived " .. Base.name(self) end
local n = 0
for i = 1, 500 do n = n + #setmetatable({ id = i }, i % 2 == 0 and Base or Derived):name() end
print("names", n)
do
  local order = {}
  do
    local a <close> = setmetatable({}, { __close = function() order[#order + 1] = "a" end })
    local b <close> = setmetatable({}, { __close = function() order[#order + 1] = "b" end })
  end
  print("closed", table.concat(order))
end
print(getmetatable("").__index == string, rawequal(v, v), rawlen({ 1, 2 }), pcall(setmetatable, 1, {}))
