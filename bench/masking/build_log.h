// An ordinary build log, the same one every time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace confide::bench {

// Whether the tools thought that they write to a terminal.
enum class Colours { kNone, kTerminal };

// At least `size` bytes, whole lines: C++ and Rust compilers, npm, docker layers, tests, JSON, hashes, base64 now and
// then; a seventh of the lines in colours where there are any. No secret of bench_secrets.h is in it.
std::string build_log(size_t size, Colours colours);

}  // namespace confide::bench
