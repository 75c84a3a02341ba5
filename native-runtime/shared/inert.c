/*
 * For static programs (and libraries whose objects are not made for one) that are linked from transformed objects: they are
 * not updated, so their checks never rise, and the wrapped calls are the plain ones (libinert.a, a member for each). All hidden:
 * such a library works in any program, updateable or not.
 */
struct thread_part {
	unsigned char unrolling;
	unsigned after;
	char *top, *control_sp, *saved_sp;
};
__thread struct thread_part upstare_tls __attribute__((visibility("hidden"), tls_model("initial-exec")));
unsigned char upstare_flag __attribute__((visibility("hidden")));

/* Never reached, since the flag is never raised; the way back is in rax, the answer in the zero flag. */
__asm__(".pushsection .text\n\t.globl upstare_point\n\t.hidden upstare_point\n\t.type upstare_point, @function\n"
	"upstare_point:\n\tcmpl %eax, %eax\n\tjmp *%rax\n\t.size upstare_point, .-upstare_point\n\t.popsection");

__attribute__((visibility("hidden"))) void *upstare_pop(void)
{
	return 0;
}

static void nothing(void)
{
}

__attribute__((visibility("hidden"))) void (*upstare_next(void))(void)
{
	return nothing;
}

__attribute__((visibility("hidden"))) void upstare_resumed(void)
{
}
