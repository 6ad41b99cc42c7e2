/*
 * A library that a test preloads into a Node process (LD_PRELOAD) to watch what the addon asks of the
 * C library. It looks only at calls that have the addon on their stack: Node and its libraries may do
 * what they like.
 *
 * The folder in GUARD_SWITCHES holds the switches. A switch is on while a folder of its name exists
 * there, so a script needs no file descriptor to set one:
 *
 *   loaded      a thread other than the main one that uses the environment ends the process with
 *               SIGABRT, and with the function and the stack on stderr
 *   no-threads  no thread can be started: pthread_create answers EAGAIN
 *
 * Calls from within the C library don't pass through here. posix_spawnp is here since it looks for
 * PATH in the environment when it is given a name without a slash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <limits.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FRAMES 128

static char loaded[PATH_MAX];
static char no_threads[PATH_MAX];

__attribute__((constructor)) static void start(void) {
  const char *(*real)(const char *) = dlsym(RTLD_NEXT, "getenv");
  const char *folder = real("GUARD_SWITCHES");
  if (folder != NULL) {
    snprintf(loaded, sizeof loaded, "%s/loaded", folder);
    snprintf(no_threads, sizeof no_threads, "%s/no-threads", folder);
  }
  /* The first call loads a library, which is not to happen in the middle of something. */
  void *frames[1];
  backtrace(frames, 1);
}

static int is_on(const char *path) {
  int before = errno;
  int on = path[0] != '\0' && access(path, F_OK) == 0;
  errno = before;
  return on;
}

static int is_addon(const char *file) {
  size_t length = strlen(file);
  return length > 5 && strcmp(file + length - 5, ".node") == 0;
}

/* Fills in the stack if the addon is on it. Returns the number of frames, or 0. */
static int addon_stack(void **frames) {
  int count = backtrace(frames, MAX_FRAMES);
  for (int i = 0; i < count; i++) {
    Dl_info info;
    if (dladdr(frames[i], &info) && info.dli_fname != NULL && is_addon(info.dli_fname)) return count;
  }
  return 0;
}

static void check(const char *function, const char *name) {
  if (gettid() == getpid() || !is_on(loaded)) return;
  void *frames[MAX_FRAMES];
  int count = addon_stack(frames);
  if (count == 0) return;
  char thread[16] = "";
  pthread_getname_np(pthread_self(), thread, sizeof thread);
  dprintf(STDERR_FILENO, "guard: the addon called %s(\"%s\") in the thread %s\n", function, name,
          thread);
  backtrace_symbols_fd(frames, count, STDERR_FILENO);
  abort();
}

#define REAL(function) ((typeof(&function))dlsym(RTLD_NEXT, #function))

char *getenv(const char *name) {
  check("getenv", name);
  return REAL(getenv)(name);
}

char *secure_getenv(const char *name) {
  check("secure_getenv", name);
  return REAL(secure_getenv)(name);
}

int setenv(const char *name, const char *value, int overwrite) {
  check("setenv", name);
  return REAL(setenv)(name, value, overwrite);
}

int putenv(char *text) {
  /* A variable's value may be secret. */
  check("putenv", "...");
  return REAL(putenv)(text);
}

int unsetenv(const char *name) {
  check("unsetenv", name);
  return REAL(unsetenv)(name);
}

int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const arguments[],
                 char *const environment[]) {
  if (strchr(file, '/') == NULL) check("posix_spawnp", file);
  return REAL(posix_spawnp)(pid, file, actions, attributes, arguments, environment);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                   void *argument) {
  void *frames[MAX_FRAMES];
  if (is_on(no_threads) && addon_stack(frames) > 0) return EAGAIN;
  return REAL(pthread_create)(thread, attributes, run, argument);
}
