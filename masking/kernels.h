// The two inner loops of the prefilter, for the instruction sets at hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace confide::masking {

// Bytes that the filter leaves out: white space and control bytes, quotes and backslashes. Encodings add or drop them.
constexpr bool filter_keeps(uint8_t byte) {
  return byte > 0x20 && byte != 0x7f && byte != '"' && byte != '\'' && byte != '\\';
}
// Bytes that begin something to be decoded.
constexpr bool filter_stops_at(uint8_t byte) { return byte == 0x1b || byte == '%' || byte == '&' || byte == '\\'; }

struct Kernels {
  const char* name;
  // For each 64 bytes of `in`, a bit per byte: kept, stopped at. `in` is readable up to the next multiple of 64.
  void (*classify)(const uint8_t* in, size_t blocks, uint64_t* keep, uint64_t* stop);
  // Copies the kept bytes of `in`, in canonical form (token.h), to `out`, which has room for all and 64 more; ranks[b] is
  // how many there were before block b. Returns their number.
  size_t (*compact)(const uint8_t* in, size_t blocks, const uint64_t* keep, uint8_t* out, uint32_t* ranks);
};

// What this processor can run, best first; the last one is plain C++.
std::span<const Kernels* const> available_kernels();

}  // namespace confide::masking
