// An ordinary build log, the same one every time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace confide::bench {

// At least `size` bytes, whole lines: C++ and Rust compilers, npm, docker layers, tests, JSON, coloured output, hashes,
// base64 now and then. No secret of bench_secrets.h is in it.
std::string build_log(size_t size, uint64_t seed = 1);

}  // namespace confide::bench
