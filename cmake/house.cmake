# How a folder becomes a library and a program. Includes are rooted at the repository.

# confide_library(NAME [SMALL] SOURCES… DEPENDS…): one folder, one static library. SMALL is for what is many verbs, of which a
# run goes through one, cold: what it costs there is the pages that it is spread over, so it is compiled for size.
function(confide_library name)
  cmake_parse_arguments(arg "SMALL" "" "SOURCES;DEPENDS" ${ARGN})
  add_library(confide_${name} STATIC ${arg_SOURCES})
  target_include_directories(confide_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(confide_${name} PUBLIC ${arg_DEPENDS} PRIVATE confide_warnings confide_hardening confide_sanitizers)
  if(arg_SMALL)
    target_compile_options(confide_${name} PRIVATE $<$<CONFIG:Release>:-Os>)
  endif()
endfunction()

# confide_program(NAME SOURCES… DEPENDS…): an installed program. Static (no NSS, no loader variables, a lean start)
# except under a sanitizer, whose runtime needs the dynamic loader.
function(confide_program name)
  cmake_parse_arguments(arg "" "DESTINATION" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} confide_warnings confide_hardening confide_sanitizers)
  if(NOT CONFIDE_SANITIZE)
    target_link_options(${name} PRIVATE -static -Wl,--gc-sections)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION ${arg_DESTINATION} COMPONENT confide)
endfunction()

# confide_unit_test(NAME SOURCES… DEPENDS…): GoogleTest, label `unit`: no privilege, no kernel feature, quick.
function(confide_unit_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPENDS} GTest::gtest_main confide_warnings confide_sanitizers)
  target_compile_definitions(${name} PRIVATE CONFIDE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME unit.${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# confide_fuzz_target(NAME SOURCE DEPENDS…): one function LLVMFuzzerTestOneInput a file. Every build replays the corpus
# in tests/fuzz/corpus/NAME (label `fuzz-replay`); with CONFIDE_FUZZ=ON and clang it is a libFuzzer program.
function(confide_fuzz_target name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  if(CONFIDE_FUZZ)
    add_executable(fuzz_${name} ${arg_SOURCES})
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(fuzz_${name} ${arg_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    add_test(NAME fuzz-replay.${name} COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz-replay.${name} PROPERTIES LABELS fuzz-replay TIMEOUT 120)
  endif()
  target_link_libraries(fuzz_${name} PRIVATE ${arg_DEPENDS} confide_sanitizers)
  set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()
