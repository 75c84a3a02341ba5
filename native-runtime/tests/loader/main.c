/*
 * Hazard: a process that changed root cannot dlopen a patch. The image is loaded from memory: own data, imports, library
 * calls, unwinding through its frames, and refusal of truncated files.
 */
#include "../../src/loader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

static int imported = 40;
static int frames;

static int bind(void *context, const char *symbol, unsigned type, uint64_t *value)
{
	(void)context;
	(void)type;
	if (strcmp(symbol, "test_imported") != 0)
		return 0;
	*value = (uint64_t)&imported;
	return 1;
}

static _Unwind_Reason_Code count(struct _Unwind_Context *context, void *argument)
{
	(void)context;
	(void)argument;
	frames++;
	return _URC_NO_REASON;
}

static int callback(int value)
{
	_Unwind_Backtrace(count, NULL);
	return value + 1;
}

int main(int argc, char **argv)
{
	static char bytes[1 << 20];
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
	if (f == NULL)
		return 2;
	size_t size = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	struct upstare_image image;
	char error[200];
	for (size_t cut = 0; cut < size; cut += size / 50)
		if (upstare_image_load(&image, bytes, cut < size / 2 ? cut : cut / 2, bind, NULL, error, sizeof(error)) == 0) {
			printf("a file of %zu bytes was loaded\n", cut);
			return 1;
		}
	if (upstare_image_load(&image, bytes, size, bind, NULL, error, sizeof(error)) != 0) {
		printf("not loaded: %s\n", error);
		return 1;
	}
	memset(bytes, 0, sizeof(bytes));
	int (*test)(int (*)(int)) = (int (*)(int (*)(int)))(uint64_t)upstare_image_symbol(&image, "upstare_module");
	int result = test(callback);
	printf("result %d, imported %d, frames %s\n", result, imported, frames >= 4 ? "ok" : "missing");
	upstare_image_unload(&image);
	return result != 48 || imported != 41 || frames < 4;
}
