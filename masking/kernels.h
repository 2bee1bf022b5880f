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
// Bytes that begin something to be decoded, and terminal escapes.
constexpr bool filter_stops_at(uint8_t byte) { return byte == '%' || byte == '&' || byte == '\\'; }
constexpr uint8_t kEscapeByte = 0x1b;

// A bit per byte of 64 bytes.
struct Masks {
  uint64_t keep = 0;
  uint64_t stop = 0;
  uint64_t escape = 0;
  bool operator==(const Masks&) const = default;
};

struct Kernels {
  const char* name;
  // `in` is of 64 * blocks bytes.
  void (*classify)(const uint8_t* in, size_t blocks, Masks* masks);
  // Copies the kept bytes of `in`, in canonical form (token.h), to `out`, which has room for all and 64 more; ranks[b]
  // is how many there were before block b. Returns their number.
  size_t (*compact)(const uint8_t* in, size_t blocks, const Masks* masks, uint8_t* out, uint32_t* ranks);
};

// What this processor can run, best first; the last one is plain C++.
std::span<const Kernels* const> available_kernels();

}  // namespace confide::masking
