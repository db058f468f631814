/* A program that does nothing: the floor of what starting one takes. */
int
main(void)
{
	return 0;
}
