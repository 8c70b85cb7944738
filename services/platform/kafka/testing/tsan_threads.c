// For builds with -fsanitize=thread only. librdkafka uses C11 threads, which the sanitizer does not
// know: its first thread hangs. Here they are passed on to POSIX threads, which it does know. In
// glibc the types of the two are the same.

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

// librdkafka itself is not instrumented, so that what it guards with atomics looks like a race.
const char* __tsan_default_suppressions(void) { return "race:librdkafka.so\n"; }

struct Start {
  thrd_start_t run;
  void* argument;
};

static void* Run(void* opaque) {
  const struct Start start = *(struct Start*)opaque;
  free(opaque);
  return (void*)(intptr_t)start.run(start.argument);
}

static int Result(int error) {
  switch (error) {
    case 0:
      return thrd_success;
    case EBUSY:
      return thrd_busy;
    case ENOMEM:
      return thrd_nomem;
    case ETIMEDOUT:
      return thrd_timedout;
    default:
      return thrd_error;
  }
}

int thrd_create(thrd_t* thread, thrd_start_t run, void* argument) {
  struct Start* start = malloc(sizeof(*start));
  if (start == NULL) return thrd_nomem;
  start->run = run;
  start->argument = argument;
  const int error = pthread_create(thread, NULL, Run, start);
  if (error != 0) free(start);
  return Result(error);
}

int thrd_join(thrd_t thread, int* result) {
  void* returned = NULL;
  const int error = pthread_join(thread, &returned);
  if (result != NULL) *result = (int)(intptr_t)returned;
  return Result(error);
}

int mtx_init(mtx_t* mutex, int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  if ((type & mtx_recursive) != 0) {
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  }
  const int error = pthread_mutex_init((pthread_mutex_t*)mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return Result(error);
}

int mtx_lock(mtx_t* mutex) { return Result(pthread_mutex_lock((pthread_mutex_t*)mutex)); }

int mtx_trylock(mtx_t* mutex) { return Result(pthread_mutex_trylock((pthread_mutex_t*)mutex)); }

int mtx_unlock(mtx_t* mutex) { return Result(pthread_mutex_unlock((pthread_mutex_t*)mutex)); }

void mtx_destroy(mtx_t* mutex) { pthread_mutex_destroy((pthread_mutex_t*)mutex); }

int cnd_init(cnd_t* condition) {
  return Result(pthread_cond_init((pthread_cond_t*)condition, NULL));
}

int cnd_wait(cnd_t* condition, mtx_t* mutex) {
  return Result(pthread_cond_wait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex));
}

int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* deadline) {
  return Result(
      pthread_cond_timedwait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex, deadline));
}

int cnd_signal(cnd_t* condition) { return Result(pthread_cond_signal((pthread_cond_t*)condition)); }

int cnd_broadcast(cnd_t* condition) {
  return Result(pthread_cond_broadcast((pthread_cond_t*)condition));
}

void cnd_destroy(cnd_t* condition) { pthread_cond_destroy((pthread_cond_t*)condition); }
