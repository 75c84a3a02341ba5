/*
 * A runtime for tests of generated code alone: one thread, an update of every function to itself at every
 * UPSTARE_TEST_EVERY-th update point that is reached (0 or unset: none).
 */
#include <upstare/abi.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/mman.h>

#define MINI_STACK (1ul << 30)

__thread struct __up_thread upstare_tls;
unsigned char upstare_flag;
char *mini_sp;
long mini_rax, mini_back;
long mini_left, mini_every, mini_updates;
static char mini_buffer[1 << 22], mini_copy[1 << 22];
static struct __up_header *mini_records[1 << 16];
static int mini_count, mini_next;

/* As native-runtime/src/point.S, without a stack of its own: only r10 and r11 are free. */
__asm__(".globl upstare_point\n"
	"upstare_point: cmpb $0, %fs:upstare_tls@tpoff\n\t"
	"jne 2f\n\t"
	"movq %rsp, mini_sp(%rip)\n\t"
	"decq mini_left(%rip)\n\t"
	"jz 1f\n\t"
	"cmpq %r10, %r10\n\t"
	"jmp *%r10\n"
	"1: movq %r10, mini_back(%rip)\n\t"
	"movq mini_every(%rip), %r10\n\t"
	"movq %r10, mini_left(%rip)\n\t"
	"movq mini_back(%rip), %r10\n\t"
	"incq mini_updates(%rip)\n\t"
	"movb $1, %fs:upstare_tls@tpoff\n\t"
	"movl $0x80000000, %fs:upstare_tls@tpoff+4\n"
	"2: movq %rax, mini_rax(%rip)\n\t"
	"movq %r10, mini_back(%rip)\n\t"
	"movq %fs:upstare_tls@tpoff+8, %rax\n\t"
	"movslq 4(%r11), %r10\n\t"
	"leaq 4(%r11,%r10), %r10\n\t"
	"movq %r10, (%rax)\n\t"
	"movl 24(%r10), %r10d\n\t"
	"movl %r10d, 12(%rax)\n\t"
	"addq %r10, %fs:upstare_tls@tpoff+8\n\t"
	"movl 8(%r11), %r10d\n\t"
	"orl %fs:upstare_tls@tpoff+4, %r10d\n\t"
	"movl %r10d, 8(%rax)\n\t"
	"movl $0, %fs:upstare_tls@tpoff+4\n\t"
	"movq mini_back(%rip), %r10\n\t"
	"movq %rax, %r11\n\t"
	"movq mini_rax(%rip), %rax\n\t"
	"testq %r11, %r11\n\t"
	"jmp *%r10\n");

void *upstare_pop(void)
{
	return mini_records[--mini_next];
}

static void (*mini_clone(const struct upstare_function *f))(void)
{
	return (void (*)(void))((char *)&f->clone_rel + f->clone_rel);
}

void (*upstare_next(void))(void)
{
	return mini_clone(mini_records[mini_next - 1]->function);
}

void upstare_resumed(void)
{
	if (mini_next != 0)
		abort();
}

static long mini_run(char *sp, void (*f)(void))
{
	long result;

	__asm__ volatile("movq %%rsp, %%rbx\n\tmovq %1, %%rsp\n\tcall *%2\n\tmovq %%rbx, %%rsp"
			 : "=a"(result)
			 : "r"(sp), "r"(f)
			 : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
			   "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
			   "memory", "cc", "r12", "r13", "r14", "r15");
	return result;
}

/* All records, outermost last in the list; the buffer is free again. */
static void mini_take(void)
{
	size_t size = (size_t)(upstare_tls.top - mini_buffer);

	memcpy(mini_copy, mini_buffer, size);
	mini_count = 0;
	for (size_t at = 0; at < size; at += mini_records[mini_count++]->size)
		mini_records[mini_count] = (struct __up_header *)(mini_copy + at);
	mini_next = mini_count;
	upstare_tls.top = mini_buffer;
}

int upstare_main(int argc, char **argv, char **envp);

static int mini_argc;
static char **mini_argv, **mini_envp;

static long mini_first(void)
{
	return upstare_main(mini_argc, mini_argv, mini_envp);
}

int main(int argc, char **argv, char **envp)
{
	const char *every = getenv("UPSTARE_TEST_EVERY");
	char *stack;
	long result;

	mini_left = mini_every = every ? atol(every) : 0;
	upstare_flag = mini_every > 0;
	upstare_tls.top = mini_buffer;
	mini_argc = argc;
	mini_argv = argv;
	mini_envp = envp;
	/* On a stack of its own: what this function calls must not overwrite the frames that were left. */
	stack = mmap(0, MINI_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	result = mini_run(stack + MINI_STACK - 4096, (void (*)(void))mini_first);
	while (upstare_tls.unrolling) {
		upstare_tls.unrolling = 0;
		mini_take();
		/* Below everything that the frames may still point to. */
		result = mini_run((char *)((unsigned long)(mini_sp - 1024) & ~63ul), mini_clone(mini_records[mini_next - 1]->function));
	}
	if (every && getenv("UPSTARE_TEST_REPORT"))
		fprintf(stderr, "%ld updates\n", mini_updates);
	return (int)result;
}
