// Small text helpers: joining pieces, splitting, quoting for a person's eyes.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace confide {

namespace text_detail {
inline void append(std::string& out, std::string_view piece) { out.append(piece); }
inline void append(std::string& out, char c) { out.push_back(c); }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void append(std::string& out, T number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}
}  // namespace text_detail

// cat("uid ", 1000, ": ", name): strings, characters and integers, one after the other.
template <class... Pieces>
std::string cat(const Pieces&... pieces) {
  std::string out;
  (text_detail::append(out, pieces), ...);
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
std::string_view trim(std::string_view text);

// Bytes as one printable line: control characters and invalid UTF-8 become \xNN, so that a hostile
// file name can neither break a line nor drive a terminal.
std::string printable(std::string_view bytes);

// A word as a POSIX shell would need it: unchanged where it is harmless, else in single quotes.
std::string shell_quote(std::string_view word);

// Decimal digits only; nothing else, no sign, no overflow.
std::optional<unsigned long> parse_number(std::string_view text);

// "30s", "15m", "2h", "1d", "250ms" in milliseconds; a bare number is seconds. Up to 365 days.
std::optional<long> parse_duration_ms(std::string_view text);

// "64K", "512M", "2G", "1T" (powers of 1024) or bytes.
std::optional<unsigned long> parse_size(std::string_view text);

// The candidate nearest to `word` by edit distance (at most 1 + a third of its length), for "did you mean".
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string_view>& candidates);
// "; did you mean `X`?", or nothing where none is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace confide
