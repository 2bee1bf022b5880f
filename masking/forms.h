// The forms in which a secret is recognised, in one table.
//
// Some are ways of writing the same characters and are understood while reading (token.h); the others are other
// characters altogether and are searched for as strings of their own, made by the functions of this table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "masking/encode.h"

namespace confide::masking {

enum class Form : uint8_t {
  // Recognised while reading.
  kRaw,         // as it is; a multi-line value with any line ends and indentation, and each of its lines
  kPartial,     // a prefix or suffix of at least max(8, half) of its characters
  kSpaced,      // with white space, control bytes or terminal escapes between characters
  kUtf16,       // UTF-16 (or 32) of either order: characters between NULs, and non-ASCII code units
  kPercent,     // %41, %2541, %u0041: any mixture
  kBackslash,   // JSON, C, Go, Python, shell: \", \x41, \101, \u0041, '\'', doubled quotes: any mixture
  kEntity,      // &amp; &#65; &#x41; any mixture
  kLatin1,      // the bytes of ISO 8859-1 of a value with such characters
  kPlusSpaces,  // white space as +
  // Strings of their own.
  kUpper,
  kLower,
  kReversed,
  kBase64,
  kBase64Twice,
  kBase64Utf16,
  kBase32,
  kHex,
  kHexColons,
  kHexList,      // 0x41,0x42
  kDecimalList,  // 65,66 and [65 66]
};
inline constexpr size_t kFormCount = 20;

// Whether a form is a deliberate encoding: what policy `on-leak` is about. Writing JSON, URLs or colours is not.
enum class Encoded : uint8_t { kNo, kYes };

const char* name_of(Form form);  // "raw", "base64", …, as counts and receipts print them
Encoded encoded(Form form);

// One row: strings that stand for the bytes of a value whatever stands before and after it.
struct CodeRow {
  Form form = Form::kRaw;
  uint8_t variants = 1;
  // A string cut short at a multiple of this is still the form of a shorter value; 0: not looked for in parts.
  uint8_t step = 0;
  // Also for each line of a multi-line value.
  enum class Lines : uint8_t { kNo, kYes } lines = Lines::kNo;
  // Writes variant `variant` to `out`: only characters that the value alone decides. Returns whether the next character
  // holds bits of the value, too.
  bool (*write)(const Source& source, unsigned variant, ByteSink& out) = nullptr;
};
std::span<const CodeRow> code_rows();

}  // namespace confide::masking
