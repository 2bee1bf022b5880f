# The command line from end to end: tests/e2e/*_test.py over harness.py, by the system's Python.
function(confide_e2e_suite name)
  confide_e2e_test(${name} COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/${name}.py ${ARGN})
endfunction()

confide_e2e_suite(exit_codes_test)
confide_e2e_suite(stdio_test)
confide_e2e_suite(pty_test TIMEOUT 240)
