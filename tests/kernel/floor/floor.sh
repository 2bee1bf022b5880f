#!/usr/bin/env bash
# bench/floor confines as it says, in both views:  floor.sh FLOOR
set -euo pipefail
floor=$1

fail() { echo "floor: $1" >&2; exit 1; }

# The project cannot lie in /tmp, which every view covers with its own.
project=$(mktemp -d /var/tmp/cf.XXXXXX)
trap 'rm -rf "$project"' EXIT
cd "$project"

wanted_uid=$(id -u)
if [[ $wanted_uid -eq 0 ]]; then wanted_uid=65533; fi
for view in bench tool; do
  run() { "$floor" "$view" -- "$@"; }
  [[ $(run id -u) == "$wanted_uid" ]] || fail "$view: uid $(run id -u), wanted $wanted_uid"
  [[ $(run sh -c 'cd /proc && echo [0-9]*') == "1 2" ]] || fail "$view: foreign processes in /proc"
  [[ $(run sed -n 's/^CapBnd:\t//p' /proc/self/status) == 0000000000000000 ]] || fail "$view: capabilities left"
  [[ $(run sed -n 's/^Seccomp:\t//p' /proc/self/status) == 2 ]] || fail "$view: no filter"
  [[ $(run sed -n 's/^NoNewPrivs:\t//p' /proc/self/status) == 1 ]] || fail "$view: no_new_privs"
  [[ $(run cat /proc/net/dev | grep -c :) == 1 ]] || fail "$view: more than one network interface"
  if run sh -c ': >/usr/floor' 2>/dev/null; then fail "$view: /usr is writable"; fi
  if run unshare --user true 2>/dev/null; then fail "$view: a user namespace inside"; fi
  status=0; run sh -c 'exit 7' || status=$?
  [[ $status -eq 7 ]] || fail "$view: exit status 7 came out as $status"
  # shellcheck disable=SC2016
  status=0; run sh -c 'kill -TERM $$' || status=$?
  [[ $status -eq 143 ]] || fail "$view: SIGTERM came out as $status"
  status=0; run /nonexistent 2>/dev/null || status=$?
  [[ $status -eq 127 ]] || fail "$view: a missing command came out as $status"
done

"$floor" tool -- touch here
[[ -O here ]] || fail "a file made in the project belongs to somebody else"
if "$floor" bench -- touch there 2>/dev/null; then fail "bench: the project is writable"; fi
