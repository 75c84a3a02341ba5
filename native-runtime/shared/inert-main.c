/* Member of libinert.a: a static program's main, which has become upstare_main. */
extern int upstare_main(int, char **, char **);

int main(int argc, char **argv, char **envp)
{
	return upstare_main(argc, argv, envp);
}
