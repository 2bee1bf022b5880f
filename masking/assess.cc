#include "masking/assess.h"

#include <algorithm>

#include "masking/common_words.h"

namespace confide::masking {
namespace {

constexpr size_t kShortestNumber = 8;
constexpr size_t kLongestWord = 24;

bool is_common(std::span<const uint8_t> value) {
  if (std::ranges::all_of(value, [&](uint8_t byte) { return byte == value.front(); })) return true;
  if (value.size() < kShortestNumber &&
      std::ranges::all_of(value, [](uint8_t byte) { return byte >= '0' && byte <= '9'; })) {
    return true;
  }
  if (value.size() > kLongestWord) return false;
  char folded[kLongestWord];
  std::ranges::transform(
      value, folded, [](uint8_t byte) { return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 0x20 : byte); });
  const bool found = is_common_word({folded, value.size()});
  std::ranges::fill(std::span<volatile char>(folded), '\0');
  return found;
}

}  // namespace

Assessment assess_bytes(std::span<const uint8_t> value) {
  while (!value.empty() && value.front() <= 0x20) value = value.subspan(1);
  while (!value.empty() && value.back() <= 0x20) value = value.first(value.size() - 1);
  const auto characters = static_cast<size_t>(std::ranges::count_if(value, [](uint8_t byte) { return byte > 0x20; }));
  if (characters < kShortestValue) return Assessment::kTooShort;
  return is_common(value) ? Assessment::kCommon : Assessment::kOk;
}

Assessment assess(std::span<const std::byte> value) {
  return assess_bytes({reinterpret_cast<const uint8_t*>(value.data()), value.size()});
}

}  // namespace confide::masking
