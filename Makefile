# One word for each thing that a person does daily.

PREFIX ?= /usr/local
DESTDIR ?=
DOTNET ?= dotnet
CONFIGURATION ?= Release
OUT := out
BUILD := $(OUT)/build

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE := 1

.DELETE_ON_ERROR:
.PHONY: all deps tools runtime programs demo test torture bench format lint install clean

all: tools runtime programs

# What the tools need of the system; installs it where it may, else says what to install.
deps:
	@sh tools/deps.sh

tools: deps
	$(DOTNET) publish dotnet-host/UpStare.Host.csproj -c $(CONFIGURATION) -o $(OUT)/lib/upstare -v quiet --nologo
	gcc -O2 -Wall -Wextra -Werror -o $(OUT)/lib/upstare/upstare-launch dotnet-host/Launcher/launcher.c
	@mkdir -p $(OUT)/bin
	@for tool in cc patch ctl run; do ln -sf ../lib/upstare/upstare-launch $(OUT)/bin/upstare-$$tool; done

runtime: deps
	cmake -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release --log-level=WARNING
	cmake --build $(BUILD)

# The test programs are compiled by the tools with the runtime, so both come first.
programs: tools runtime
	@if [ -f testprogs/Makefile ]; then $(MAKE) -C testprogs all; fi

demo: all
	@sh testprogs/demo/run.sh

test: all
	@sh tools/test.sh

# What takes too long for `make test`; tests/torture/README.md tells how to run parts of it.
torture: tools runtime
	@status=0; for part in levels csmith sanitize suites driver stress; do sh tests/torture/$$part.sh || status=1; done; exit $$status

bench: all
	@sh bench/run.sh

# C# only: what is compiled in tests is as it is, and so are the runtime's tables and asm statements.
format:
	$(DOTNET) format UpStare.sln

lint:
	$(DOTNET) format UpStare.sln --verify-no-changes

install: all
	@sh tools/install.sh "$(DESTDIR)$(PREFIX)"

clean:
	rm -rf $(OUT)
	find . -name bin -o -name obj | grep -E '^\./(frontend|instrument|patcher|dotnet-host|tests|bench)/' | xargs -r rm -rf
	@if [ -f testprogs/Makefile ]; then $(MAKE) -C testprogs clean; fi
