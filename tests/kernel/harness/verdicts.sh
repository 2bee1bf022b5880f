#!/usr/bin/env bash
# What scripts/testing/run-as makes of a test's end:  verdicts.sh SOURCE-FOLDER
set -euo pipefail
run_as=$1/scripts/testing/run-as
failures=0

# expect STATUS NAME [VARIABLE=VALUE…] -- SHELL-COMMAND   (run by the caller's own variant)
variant=user
if [[ $(id -u) -eq 0 ]]; then variant=root; fi
expect() {
  local wanted=$1 name=$2 status=0
  shift 2
  local settings=()
  while [[ $1 != -- ]]; do settings+=("$1"); shift; done
  env CONFIDE_TESTS_MUST_WORK=0 "${settings[@]}" "$run_as" "$variant" -- bash -c "$2" >/dev/null 2>&1 || status=$?
  if [[ $status -ne $wanted ]]; then
    echo "verdicts: $name: exit $status, wanted $wanted"
    failures=1
  fi
}

report='echo "\"result\": \"RESULT\"" >>"${GTEST_OUTPUT#json:}"'
expect 0 "a pass" -- true
expect 3 "a failure keeps its status" -- 'exit 3'
expect 77 "a skip" -- 'exit 77'
expect 1 "a skip where everything must work" CONFIDE_TESTS_MUST_WORK=1 -- 'exit 77'
expect 0 "a case that ran" -- "${report/RESULT/COMPLETED}"
expect 77 "one case of two skipped" -- "${report/RESULT/COMPLETED}; ${report/RESULT/SKIPPED}"
expect 1 "the same where everything must work" CONFIDE_TESTS_MUST_WORK=1 -- "${report/RESULT/COMPLETED}; ${report/RESULT/SKIPPED}"
expect 1 "a program without cases" -- "${report/RESULT/SUPPRESSED}"
expect 5 "a failure with skips is a failure" -- "${report/RESULT/SKIPPED}; exit 5"
if [[ $variant == root ]]; then
  variant=user
  expect 77 "root without a test user" CONFIDE_TEST_USER= -- true
  expect 1 "the same where everything must work" CONFIDE_TEST_USER= CONFIDE_TESTS_MUST_WORK=1 -- true
else
  variant=root
  expect 77 "a root variant without root" CONFIDE_TESTS_MUST_WORK=1 -- true
fi
exit $failures
