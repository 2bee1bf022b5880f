// The kernel's key rings, which no namespace divides.
#include <errno.h>
#include <linux/keyctl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probes/probe.h"

static long keyctl(long operation, long a, long b, long c, long d) {
  return syscall(SYS_keyctl, operation, a, b, c, d);
}
static long address(const void* pointer) { return (long)(uintptr_t)pointer; }

static Verdict read_key(long id, const Arguments* arguments) {
  char bytes[1024];
  const long size = keyctl(KEYCTL_READ, id, address(bytes), sizeof bytes, 0);
  if (size < 0) return of_result(-1, "KEYCTL_READ");
  return judge_bytes(bytes, (size_t)size < sizeof bytes ? (size_t)size : sizeof bytes, arguments, "a key");
}

static Verdict search_session(const Arguments* arguments, const Probe* probe) {
  const long id = keyctl(KEYCTL_SEARCH, probe->number, address("user"), address(arguments->words[0]), 0);
  if (id < 0) return of_result(-1, "KEYCTL_SEARCH");
  return read_key(id, arguments);
}

static Verdict read_by_id(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  unsigned long id = 0;
  if (!word_number(arguments, 0, &id)) return untried("ID must be a number");
  return read_key((long)id, arguments);
}

static Verdict request(const Arguments* arguments, const Probe* probe) {
  (void)probe;
  const long id = syscall(SYS_request_key, "user", arguments->words[0], NULL, 0L);
  if (id < 0) return of_result(-1, "request_key");
  return read_key(id, arguments);
}

static Verdict add(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  const long id = syscall(SYS_add_key, "user", "confide-probe", "x", 1L, (long)KEY_SPEC_PROCESS_KEYRING);
  return of_result(id, "add_key");
}

static Verdict join_session(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result(keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0), "KEYCTL_JOIN_SESSION_KEYRING");
}

static Verdict describe_user(const Arguments* arguments, const Probe* probe) {
  (void)arguments;
  return of_result(keyctl(KEYCTL_GET_KEYRING_ID, probe->number, 1, 0, 0), "KEYCTL_GET_KEYRING_ID");
}

static Verdict persistent(const Arguments* arguments, const Probe* probe) {
  (void)arguments, (void)probe;
  return of_result(keyctl(KEYCTL_GET_PERSISTENT, -1, KEY_SPEC_PROCESS_KEYRING, 0, 0), "KEYCTL_GET_PERSISTENT");
}

static const Probe kProbes[] = {
    {"key-session", "DESCRIPTION", "find and read a key of the session keyring", search_session, "",
     KEY_SPEC_SESSION_KEYRING},
    {"key-id", "ID", "read a key by its number", read_by_id, ""},
    {"key-request", "DESCRIPTION", "have the kernel find a key", request, ""},
    {"key-add", "", "add a key", add, ""},
    {"key-join-session", "", "join a new session keyring", join_session, ""},
    {"key-user-ring", "", "reach the keyring of the uid", describe_user, "", KEY_SPEC_USER_KEYRING},
    {"key-persistent", "", "reach the persistent keyring of the uid", persistent, ""},
};
DEFINE_THEME(kThemes_keyring, "keyring", kProbes);
