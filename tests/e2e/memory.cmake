# What the memory of our own processes holds while a command runs, and the control build in which the same search must
# find something: the same objects, linked with a wipe() that does nothing (tests/support/no_wipe.cc).
set(control_folder ${CMAKE_BINARY_DIR}/tests/no-wipe)
function(confide_control_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(control-${name} ${arg_SOURCES} ${CMAKE_SOURCE_DIR}/tests/support/no_wipe.cc)
  target_link_libraries(control-${name} PRIVATE ${arg_DEPENDS} confide_warnings confide_hardening confide_sanitizers)
  set_target_properties(control-${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${control_folder})
  # Debug information would only take time to link.
  target_link_options(control-${name} PRIVATE -Wl,--gc-sections,--strip-debug)
endfunction()

if(NOT CONFIDE_SANITIZE)
  confide_control_program(confide-broker SOURCES ${CMAKE_SOURCE_DIR}/broker/main.cc DEPENDS confide_broker)
  confide_control_program(confide-supervisor SOURCES ${CMAKE_SOURCE_DIR}/supervisor/main.cc DEPENDS confide_supervisor)
  confide_control_program(confide-fetch
    SOURCES ${CMAKE_SOURCE_DIR}/fetch/main.cc ${CMAKE_SOURCE_DIR}/fetch/wiping_heap.cc DEPENDS confide_fetch)
  # The command line never has a value, so there is nothing that it could fail to wipe.
  confide_control_program(confide SOURCES ${CMAKE_SOURCE_DIR}/cli/main.cc DEPENDS confide_cli)
  foreach(name confide confide-broker confide-supervisor)
    target_link_options(control-${name} PRIVATE -static)
  endforeach()
  target_link_options(control-confide-fetch PRIVATE -static-libstdc++ -static-libgcc)
  confide_e2e_test(memory_test AS root TIMEOUT 120
    COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/memory_test.py)
endif()
