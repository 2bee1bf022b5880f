confide_fuzz_target(policy_parse SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/fuzz_policy_parse.cc DEPENDS confide_policy)
confide_fuzz_target(policy_wire SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/fuzz_policy_wire.cc DEPENDS confide_policy)
confide_fuzz_target(policy_glob SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/fuzz_policy_glob.cc DEPENDS confide_policy)
confide_fuzz_target(policy_environment SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/fuzz_policy_environment.cc DEPENDS confide_policy)
