foreach(target stream forms)
  confide_fuzz_target(masking_${target}
    SOURCES fuzz_masking_${target}.cc ${CMAKE_SOURCE_DIR}/tests/unit/masking/oracle.cc
            ${CMAKE_SOURCE_DIR}/tests/unit/masking/oracle_reading.cc
            ${CMAKE_SOURCE_DIR}/tests/unit/masking/encoders.cc
    DEPENDS confide_masking)
  target_include_directories(fuzz_masking_${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests/unit/masking)
endforeach()
