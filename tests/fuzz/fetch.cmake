confide_fuzz_target(fetch_wire SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/fuzz_fetch_wire.cc DEPENDS confide_fetch confide_broker)
