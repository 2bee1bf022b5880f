// Whether a value can be masked without destroying output: `a`, `true` or `localhost` would be found everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace confide::masking {

enum class Assessment : uint8_t {
  kOk,
  kTooShort,  // fewer than 6 characters, white space not counted
  kCommon,    // a word or number of everyday output, or one character repeated
};
inline constexpr size_t kShortestValue = 6;

// White space at either end is not part of the value.
Assessment assess(std::span<const std::byte> value);
Assessment assess_bytes(std::span<const uint8_t> value);

}  // namespace confide::masking
