extern long common_count;
long common_add(long n);
