# The broker when it fails: what its client says.
if(NOT CONFIDE_SANITIZE)
  add_executable(hijacked-broker ${CMAKE_SOURCE_DIR}/broker/main.cc ${CMAKE_SOURCE_DIR}/tests/support/hijacked_gather.cc)
  target_link_libraries(hijacked-broker PRIVATE confide_broker confide_warnings confide_hardening)
  target_link_options(hijacked-broker PRIVATE -static -Wl,--gc-sections,--strip-debug)
  set_target_properties(hijacked-broker PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  confide_e2e_test(broker_test COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/broker_test.py)
endif()
