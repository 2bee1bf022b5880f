# The embedded vault and environments from the command line: tests/e2e/vault_test.py.
confide_e2e_suite(vault_test TIMEOUT 240)

add_executable(vault_writer ${CMAKE_CURRENT_SOURCE_DIR}/vault_writer.cc)
target_link_libraries(vault_writer PRIVATE confide_vault confide_warnings confide_sanitizers)
set_target_properties(vault_writer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
confide_e2e_suite(power_cut_test TIMEOUT 240)
confide_e2e_test(power_cut_test_1000 COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/power_cut_test.py NIGHTLY TIMEOUT 1800
  ENVIRONMENT CONFIDE_KILLS=1000)
