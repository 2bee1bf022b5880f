# shellcheck shell=bash
# The unprivileged user that root's tests and benchmarks run as; sourced. Several runs may share it at a time: each holds
# a lock, and the last one deletes the user if one of them made it.

readonly kTestUser=confide-test
readonly kTestUserLock=/run/lock/confide-test.lock  # its content is `made` when the user is ours to delete

test_user_take() {
  exec 8>>"$kTestUserLock"
  flock --shared 8
  if ! id -u "$kTestUser" >/dev/null 2>&1; then
    useradd --system --user-group --create-home --shell /bin/bash "$kTestUser"
    echo made >"$kTestUserLock"
  fi
}

# Whether no other run holds the user.
test_user_is_ours_alone() { flock --exclusive --nonblock 8; }

test_user_processes() { ps -o pid=,args= -u "$kTestUser" || true; }

test_user_release() {
  local pid
  if [[ ! -e /proc/self/fd/8 ]]; then return; fi  # never taken
  if test_user_is_ours_alone && id -u "$kTestUser" >/dev/null 2>&1; then
    while read -r pid _; do kill -KILL "$pid" 2>/dev/null || true; done < <(test_user_processes)
    if [[ $(cat "$kTestUserLock") == made ]]; then
      # What was just killed may take a moment to go, and userdel waits for nobody.
      for _ in 1 2 3 4 5 6 7 8 9 10; do
        if userdel --remove "$kTestUser" >/dev/null 2>&1; then
          : >"$kTestUserLock"
          break
        fi
        sleep 0.2
      done
    fi
  fi
  exec 8>&-
}

# as_test_user COMMAND…: with the user's groups and without a capability; the environment stays the caller's.
as_test_user() {
  setpriv "--reuid=$kTestUser" "--regid=$(id -g "$kTestUser")" --init-groups --inh-caps=-all --ambient-caps=-all "$@" 8>&-
}
