# The command line from end to end: tests/e2e/*_test.py over harness.py, by the system's Python.
function(confide_e2e_suite name)
  confide_e2e_test(${name} COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/${name}.py ${ARGN})
endfunction()

confide_e2e_suite(exit_codes_test)
confide_e2e_suite(stdio_test TIMEOUT 240)
confide_e2e_suite(pty_test TIMEOUT 240)
confide_e2e_suite(cli_test)
confide_e2e_suite(fallback_test)
confide_e2e_suite(programs_test TIMEOUT 300)
confide_e2e_suite(signals_test)
confide_e2e_suite(kill_test LOCKS confide-orphans)
confide_e2e_suite(leftovers_test LOCKS confide-orphans)

# The same two at length.
confide_e2e_test(kill_test_300 COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/kill_test.py NIGHTLY TIMEOUT 1800
  ENVIRONMENT CONFIDE_KILLS=300)
confide_e2e_test(leftovers_test_10000 COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/leftovers_test.py NIGHTLY TIMEOUT 3600
  ENVIRONMENT CONFIDE_LAUNCHES=10000)
