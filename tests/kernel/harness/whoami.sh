#!/usr/bin/env bash
# Runs inside scripts/testing/run-as:  whoami.sh root|user SOURCE-FOLDER
set -euo pipefail

fail() { echo "harness: $1" >&2; exit 1; }
status_line() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }

case $1 in
  root) [[ $(id -u) -eq 0 ]] || fail "not root" ;;
  user)
    [[ $(id -u) -ne 0 && $(id -g) -ne 0 ]] || fail "still root"
    [[ " $(id -G) " != *" 0 "* ]] || fail "still in root's group"
    for set in CapPrm CapEff CapInh CapAmb; do
      [[ $(status_line $set) =~ ^0+$ ]] || fail "$set is $(status_line $set)"
    done
    [[ $(status_line NoNewPrivs) == 0 ]] || fail "no_new_privs is set: an ordinary user has it not"
    if (: </etc/shadow) 2>/dev/null; then fail "reads /etc/shadow"; fi
    if (: >"$2/CMakeLists.txt.harness") 2>/dev/null; then
      rm -f "$2/CMakeLists.txt.harness"
      [[ -O $2 ]] || fail "can write to the checkout"
    fi
    [[ -d $HOME && -w $HOME ]] || fail "no home at $HOME" ;;
  *) fail "unknown variant $1" ;;
esac

[[ ${CONFIDE_HARNESS-} == seen ]] || fail "the test's environment did not arrive"
[[ $PWD == "$TMPDIR" && -w . && $(stat -c %a .) == 700 && -O . ]] || fail "no private folder: $PWD"
[[ -z $(ls -A) ]] || fail "the folder is not empty"
# Names a descriptor beyond stdio that the harness let through (255 is the shell's own, of this script).
for descriptor in /proc/self/fd/*; do
  number=${descriptor##*/}
  if [[ $number -gt 2 && $number -ne 255 && -e $descriptor && $(readlink "$descriptor") != "/proc/"* ]]; then
    fail "descriptor $number is open: $(readlink "$descriptor")"
  fi
done
# Everything below the checkout can be read, wherever it lies.
head -c 1 "$2/CMakeLists.txt" >/dev/null || fail "cannot read the checkout"
