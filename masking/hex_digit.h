// One hexadecimal digit.
#pragma once

namespace confide::masking {

// 0 to 15, or -1 for what is no digit (a negative `c` is none either).
constexpr int hex_digit(int c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int folded = c | 0x20;
  return c > 0 && folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

}  // namespace confide::masking
