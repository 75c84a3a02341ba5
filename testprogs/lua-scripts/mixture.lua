-- Everything at once: n-body, string building, coroutines below pcall, comparators that fail, deep errors.
local function nbody(n)
  local b = {{0,0,0,39.47},{4.84,-1.16,-0.10,0.037},{8.34,4.12,-0.4,0.011}}
  for i=1,#b do b[i].v={0.01*i,0.02*i,0.03*i} end
  for s=1,n do
    for i=1,#b do for j=i+1,#b do
      local x,y=b[i],b[j]; local dx,dy,dz=x[1]-y[1],x[2]-y[2],x[3]-y[3]
      local m=0.01/((dx*dx+dy*dy+dz*dz)^1.5)
      x.v[1]=x.v[1]-dx*y[4]*m; y.v[1]=y.v[1]+dx*x[4]*m; x.v[2]=x.v[2]-dy*y[4]*m; y.v[2]=y.v[2]+dy*x[4]*m
    end end
    for i=1,#b do for k=1,3 do b[i][k]=b[i][k]+0.01*b[i].v[k] end end
  end
  return string.format("%.9f %.9f", b[1][1], b[2][2])
end
print(nbody(800))
local t={} for i=1,3000 do t[#t+1]=("%05d:%s"):format(i*7919%10007, ("x"):rep(i%17)) end
local s=table.concat(t,",") print(#s, s:gsub("x+","y"):len(), select(2,s:gsub("%d+",function(d) return d+1 end)))
print(pcall(function() local co=coroutine.wrap(function(a) for i=1,400 do a=a+coroutine.yield(a*i) end error({code=a}) end)
  local sum=0; local r=co(1); for i=1,400 do sum=sum+r; local ok,e=pcall(co,i); if not ok then return "err",e.code,sum end r=e end end))
table.sort(t,function(a,b) local x,y=a:sub(7),b:sub(7) if #x~=#y then return #x<#y end return a<b end) print(t[1],t[1500],t[3000])
local ok,e=pcall(table.sort,{3,1,2,5,4,9,8},function(a,b) if a==5 and b==5 then return false end if a==9 then error("cmp") end return a<b end) print(ok,e)
local f=load("local n=0 for i=1,5000 do n=n+(i%7)*(i&3) end return n") print(f())
print(xpcall(function() local function r(n) if n==0 then error("deep") end return 1+r(n-1) end return r(150) end, function(m) return (debug.traceback(m):gsub("[^\n]*\n","",0)):len()>50 end))
for w in ("the quick brown fox"):gmatch("%a+") do io.write(w:upper()," ") end print(string.pack("<i4z",77,"hi"):byte(1,-1))
