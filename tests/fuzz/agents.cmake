confide_fuzz_target(hook_event SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/fuzz_hook_event.cc DEPENDS confide_agents)
