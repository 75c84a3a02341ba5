/* In the archive only: taken where the program's own main has become upstare_main. */
extern int upstare_main(int, char **, char **);
extern int upstare_program(void *, int, char **, char **) __attribute__((visibility("hidden")));

int main(int argc, char **argv, char **envp)
{
	return upstare_program((void *)(__UINTPTR_TYPE__)upstare_main, argc, argv, envp);
}
