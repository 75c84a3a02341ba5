/* Waits of blocked.h: threads. Included there once, in order. */
/* ---- threads ---- */

static pthread_mutex_t mutexes[16];
static int nmutexes;

static pthread_mutex_t *mutex_of(struct job *j)
{
	return &mutexes[j->id];
}

static void held(struct job *j, int type, int robust, int protocol, int shared)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutexattr_setrobust(&a, robust);
	pthread_mutexattr_setprotocol(&a, protocol);
	pthread_mutexattr_setpshared(&a, shared);
	j->id = nmutexes++;
	need(pthread_mutex_init(mutex_of(j), &a) == 0, "pthread_mutex_init");
	pthread_mutex_lock(mutex_of(j));
}

static void held_normal(struct job *j)
{
	held(j, PTHREAD_MUTEX_NORMAL, 0, PTHREAD_PRIO_NONE, 0);
}

static void held_recursive(struct job *j)
{
	held(j, PTHREAD_MUTEX_RECURSIVE, 0, PTHREAD_PRIO_NONE, 0);
}

static void held_checked(struct job *j)
{
	held(j, PTHREAD_MUTEX_ERRORCHECK, 0, PTHREAD_PRIO_NONE, 0);
}

static void held_adaptive(struct job *j)
{
	held(j, PTHREAD_MUTEX_ADAPTIVE_NP, 0, PTHREAD_PRIO_NONE, 0);
}

static void held_robust(struct job *j)
{
	held(j, PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, PTHREAD_PRIO_NONE, 0);
}

static void held_shared(struct job *j)
{
	held(j, PTHREAD_MUTEX_NORMAL, 0, PTHREAD_PRIO_NONE, PTHREAD_PROCESS_SHARED);
}

static void held_inheriting(struct job *j)
{
	held(j, PTHREAD_MUTEX_NORMAL, 0, PTHREAD_PRIO_INHERIT, 0);
}

static int unlock(struct job *j)
{
	return pthread_mutex_unlock(mutex_of(j)) == 0;
}

/* Only who holds the lock may unlock a checking mutex, so its owner is right as well. */
static long do_mutex_lock(struct job *j)
{
	int error = pthread_mutex_lock(mutex_of(j));

	return error * 100 + pthread_mutex_unlock(mutex_of(j));
}

static long do_mutex_timedlock(struct job *j)
{
	struct timespec t = in_ms(SLEEP_MS);

	return pthread_mutex_timedlock(mutex_of(j), &t);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER, never = PTHREAD_COND_INITIALIZER;
static int condition_holds;

static long do_cond_wait(struct job *j)
{
	(void)j;
	pthread_mutex_lock(&lock);
	while (!condition_holds)
		pthread_cond_wait(&condition, &lock);
	pthread_mutex_unlock(&lock);
	return 0;
}

static int broadcast(struct job *j)
{
	(void)j;
	pthread_mutex_lock(&lock);
	condition_holds = 1;
	pthread_cond_broadcast(&condition);
	return pthread_mutex_unlock(&lock) == 0;
}

static long do_cond_timedwait(struct job *j)
{
	struct timespec t = in_ms(SLEEP_MS);
	int r;

	(void)j;
	pthread_mutex_lock(&lock);
	while ((r = pthread_cond_timedwait(&never, &lock, &t)) == 0)
		;
	return pthread_mutex_unlock(&lock) * 1000 + r;
}

static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER, read_locked = PTHREAD_RWLOCK_INITIALIZER,
			forever = PTHREAD_RWLOCK_INITIALIZER;

static void write_lock(struct job *j)
{
	(void)j;
	pthread_rwlock_wrlock(&written);
}

static void read_lock(struct job *j)
{
	(void)j;
	pthread_rwlock_rdlock(&read_locked);
}

static void write_lock_forever(struct job *j)
{
	(void)j;
	pthread_rwlock_wrlock(&forever);
}

static long do_rdlock(struct job *j)
{
	int error = pthread_rwlock_rdlock(&written);

	(void)j;
	return error * 100 + pthread_rwlock_unlock(&written);
}

static int write_unlock(struct job *j)
{
	(void)j;
	return pthread_rwlock_unlock(&written) == 0;
}

static long do_wrlock(struct job *j)
{
	int error = pthread_rwlock_wrlock(&read_locked);

	(void)j;
	return error * 100 + pthread_rwlock_unlock(&read_locked);
}

static int read_unlock(struct job *j)
{
	(void)j;
	return pthread_rwlock_unlock(&read_locked) == 0;
}

static long do_timedrdlock(struct job *j)
{
	struct timespec t = in_ms(SLEEP_MS);

	(void)j;
	return pthread_rwlock_timedrdlock(&forever, &t);
}

static pthread_barrier_t barrier;

static void barrier_of_two(struct job *j)
{
	(void)j;
	pthread_barrier_init(&barrier, NULL, 2);
}

static long serial;

static long do_barrier(struct job *j)
{
	(void)j;
	for (int i = 0; i < 2; i++)
		serial += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
	return 0;
}

static int at_barrier(struct job *j)
{
	long mine = 0;

	(void)j;
	for (int i = 0; i < 2; i++)
		mine += pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
	pthread_join(j->thread, NULL);
	return mine + serial == 2;
}

static sem_t semaphore, never_posted;

static long do_sem_wait(struct job *j)
{
	(void)j;
	return sem_wait(&semaphore);
}

static int post(struct job *j)
{
	int value;

	sem_post(&semaphore);
	pthread_join(j->thread, NULL);
	return sem_getvalue(&semaphore, &value) == 0 && value == 0;
}

static long do_sem_timedwait(struct job *j)
{
	struct timespec t = in_ms(SLEEP_MS);

	(void)j;
	return sem_timedwait(&never_posted, &t) * 1000 + errno;
}

static pthread_t joined;

static void *joinee(void *arg)
{
	char c;

	return read(*(int *)arg, &c, 1) == 1 ? (void *)77 : NULL;
}

static void start_joinee(struct job *j)
{
	pair(j);
	pthread_create(&joined, NULL, joinee, &j->fd[0]);
}

static long do_join(struct job *j)
{
	void *value;

	(void)j;
	pthread_join(joined, &value);
	return (long)value;
}

static long do_timedjoin(struct job *j)
{
	struct timespec t = in_ms(SLEEP_MS);

	return pthread_timedjoin_np((pthread_t)j->id, NULL, &t);
}

static void join_main(struct job *j)
{
	j->id = (long)pthread_self();
}

static pthread_spinlock_t spinlock;

static void spin_locked(struct job *j)
{
	(void)j;
	pthread_spin_init(&spinlock, 0);
	pthread_spin_lock(&spinlock);
}

static long do_spin_lock(struct job *j)
{
	(void)j;
	return pthread_spin_lock(&spinlock) * 100 + pthread_spin_unlock(&spinlock);
}

static int spin_unlock(struct job *j)
{
	(void)j;
	return pthread_spin_unlock(&spinlock) == 0;
}
