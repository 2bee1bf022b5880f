# Tests that need a kernel: each is registered twice, `….root.NAME` and `….user.NAME`, and scripts/testing/run-as decides
# at run time: without root the root variant is skipped, with its reason; with CONFIDE_TESTS_MUST_WORK=1 root skips nothing.
#
# Options of both functions:
#   AS root|user         only one of the two variants
#   TIMEOUT SECONDS      default 120
#   NIGHTLY              label `nightly`, left out of scripts/test without --nightly
#   SERIAL               runs alone
#   LOCKS NAME…          not beside another test that holds one of these (ctest's RESOURCE_LOCK)
#   ENVIRONMENT NAME=VALUE…   names must begin with CONFIDE_: nothing else reaches the test

set(confide_run_as ${CMAKE_SOURCE_DIR}/scripts/testing/run-as)

function(confide_register_variants name label)
  cmake_parse_arguments(arg "NIGHTLY;SERIAL" "AS;TIMEOUT" "COMMAND;LOCKS;ENVIRONMENT" ${ARGN})
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "test ${name}: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(variants root user)
  if(arg_AS)
    set(variants ${arg_AS})
  endif()
  foreach(variant ${variants})
    set(test ${label}.${variant}.${name})
    set(labels ${label} as-${variant})
    if(arg_NIGHTLY)
      list(APPEND labels nightly)
    endif()
    add_test(NAME ${test} COMMAND ${confide_run_as} ${variant} -- ${arg_COMMAND})
    set_tests_properties(${test} PROPERTIES LABELS "${labels}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
      ENVIRONMENT "CONFIDE_BIN_DIR=${CMAKE_BINARY_DIR}/bin;CONFIDE_TEST_BIN_DIR=${CMAKE_BINARY_DIR}/tests;CONFIDE_SOURCE_DIR=${CMAKE_SOURCE_DIR};${arg_ENVIRONMENT}")
    if(arg_SERIAL)
      set_tests_properties(${test} PROPERTIES RUN_SERIAL ON)
    endif()
    if(arg_LOCKS)
      set_tests_properties(${test} PROPERTIES RESOURCE_LOCK "${arg_LOCKS}")
    endif()
  endforeach()
endfunction()

# confide_kernel_test(NAME SOURCES… DEPENDS… [options]): a GoogleTest program against the running kernel, label `kernel`.
function(confide_kernel_test name)
  cmake_parse_arguments(arg "NIGHTLY;SERIAL" "AS;TIMEOUT" "SOURCES;DEPENDS;LOCKS;ENVIRONMENT" ${ARGN})
  set(options ${arg_UNPARSED_ARGUMENTS})
  foreach(flag NIGHTLY SERIAL)
    if(arg_${flag})
      list(APPEND options ${flag})
    endif()
  endforeach()
  foreach(option AS TIMEOUT LOCKS ENVIRONMENT)
    if(arg_${option})
      list(APPEND options ${option} ${arg_${option}})
    endif()
  endforeach()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} GTest::gtest_main confide_warnings confide_sanitizers)
  target_compile_definitions(${name} PRIVATE CONFIDE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  confide_register_variants(${name} kernel COMMAND $<TARGET_FILE:${name}> ${options})
endfunction()

# confide_e2e_test(NAME COMMAND … [options]): any command over the built programs (CONFIDE_BIN_DIR) and test programs
# (CONFIDE_TEST_BIN_DIR), label `e2e`. It skips by exit status 77, with the reason printed.
function(confide_e2e_test name)
  confide_register_variants(${name} e2e ${ARGN})
endfunction()
