# Flags as interface targets. -Werror is switched on by the presets, not here.
include(CheckCXXCompilerFlag)

add_library(confide_warnings INTERFACE)
set(common_warnings
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnull-dereference -Wformat=2
  -Wcast-align -Wundef -Wmissing-declarations -Wextra-semi -Wvla -Wswitch-enum -Wno-missing-field-initializers)
set(gcc_warnings
  -Wuseless-cast -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wimplicit-fallthrough=5 -Wsuggest-override)
# Statement expressions (TRY) and __COUNTER__ are used on purpose.
set(clang_warnings -Wimplicit-fallthrough -Wno-gnu-statement-expression)
foreach(flag ${common_warnings})
  target_compile_options(confide_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${flag}>)
endforeach()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  foreach(flag ${gcc_warnings})
    target_compile_options(confide_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${flag}>)
  endforeach()
else()
  foreach(flag ${clang_warnings})
    target_compile_options(confide_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:${flag}>)
  endforeach()
endif()

# Each function a section, so that the linker can leave out what nobody calls (--gc-sections) and put together what a run
# goes through (cli/run_path.ld).
add_compile_options(-ffunction-sections -fdata-sections)

add_library(confide_hardening INTERFACE)
foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero)
  string(MAKE_C_IDENTIFIER "has${flag}" known)
  check_cxx_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(confide_hardening INTERFACE ${flag})
  endif()
endforeach()
target_compile_definitions(confide_hardening INTERFACE _GLIBCXX_ASSERTIONS)
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT CONFIDE_SANITIZE)
  target_compile_definitions(confide_hardening INTERFACE _FORTIFY_SOURCE=3)
endif()
target_link_options(confide_hardening INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code)

add_library(confide_sanitizers INTERFACE)
if(CONFIDE_SANITIZE)
  target_compile_options(confide_sanitizers INTERFACE -fsanitize=${CONFIDE_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(confide_sanitizers INTERFACE -fsanitize=${CONFIDE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # gcc 12 takes the instrumented code of an empty std::optional for a read of its value.
    target_compile_options(confide_sanitizers INTERFACE -Wno-maybe-uninitialized)
  endif()
endif()
