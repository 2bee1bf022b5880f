// How bytes are read as the characters of a secret. Two views of the same bytes, each a function of what follows a
// position and of nothing before it, so that no split and no state can change the reading:
//
//   as is     every byte is itself; white space, control bytes (NUL too: UTF-16) and terminal escapes are gaps
//   decoded   also: %41, %u0041, \x41, \101, \u0041, \n, &#65;, &amp; are what they stand for, however often the
//             escaping character is escaped itself (%2541, \\u0041, &amp;lt;); quotes and backslashes are gaps
//
// Needles are read the same way, so `p"q` matches as p"q, p\"q, p\u0022q and p&quot;q. In both views - and + are one
// character, / and _ another: the two base64 alphabets, and no needle is doubled for them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace confide::masking {

// Bits, so that a reading can be valid in both.
inline constexpr uint8_t kAsIs = 1;
inline constexpr uint8_t kDecoded = 2;
inline constexpr uint8_t kBothViews = kAsIs | kDecoded;

// What a stretch of text was written with; bits.
inline constexpr uint8_t kSawSpace = 1;
inline constexpr uint8_t kSawNul = 2;
inline constexpr uint8_t kSawPercent = 4;
inline constexpr uint8_t kSawBackslash = 8;
inline constexpr uint8_t kSawEntity = 16;
inline constexpr uint8_t kSawEscape = 32;  // a terminal escape

// Whether more bytes may follow those at hand.
enum class Ending : uint8_t { kOpen, kFinal };

struct Token {
  enum class Kind : uint8_t { kBytes, kGap, kNeedMore };
  Kind kind = Kind::kGap;
  uint8_t length = 1;    // source bytes
  uint8_t count = 0;     // of `bytes`, for kBytes
  uint8_t features = 0;  // kSaw…
  uint8_t bytes[4] = {};
};

// The longest gap between two characters, the longest token and the longest terminal escape, in bytes. Where a value
// itself has several white space characters, quotes or backslashes in a row, the gap may be longer by what an encoding
// of each takes.
inline constexpr unsigned kMaxGap = 64;
inline constexpr unsigned kGapOfOneDropped = 12;
inline constexpr unsigned kMostDropped = 16;
inline constexpr unsigned kMaxToken = 40;
inline constexpr unsigned kMaxEscape = 32;

// A byte's role before anything is decoded.
enum class ByteClass : uint8_t { kPlain, kGap, kEscape, kQuote, kBackslash, kPercent, kAmpersand };

namespace detail {
struct ByteTable {
  ByteClass classes[256] = {};
  uint8_t canonical[256] = {};
  constexpr ByteTable() {
    for (unsigned b = 0; b < 256; ++b) {
      classes[b] = b <= 0x20 || b == 0x7f ? ByteClass::kGap : ByteClass::kPlain;
      canonical[b] = static_cast<uint8_t>(b);
    }
    classes[0x1b] = ByteClass::kEscape;
    classes[unsigned{'"'}] = classes[unsigned{'\''}] = ByteClass::kQuote;
    classes[unsigned{'\\'}] = ByteClass::kBackslash;
    classes[unsigned{'%'}] = ByteClass::kPercent;
    classes[unsigned{'&'}] = ByteClass::kAmpersand;
    canonical[unsigned{'-'}] = '+';
    canonical[unsigned{'_'}] = '/';
  }
};
inline constexpr ByteTable kBytes;
}  // namespace detail

inline ByteClass class_of(uint8_t byte) { return detail::kBytes.classes[byte]; }
inline uint8_t canonical(uint8_t byte) { return detail::kBytes.canonical[byte]; }

// The token at `at`, of which `available` >= 1 bytes are there. `view` is one bit.
Token next_token(uint8_t view, const uint8_t* at, size_t available, Ending ending);

// The terminal escape that begins at `at` (an ESC): a control sequence (ESC [ … letter) or a character set choice
// (ESC ( B) of at most kMaxEscape bytes. Operating system commands (titles, links) are no gaps: their text is text.
inline constexpr size_t kNoEscape = 0;
inline constexpr size_t kEscapeNeedsMore = SIZE_MAX;
size_t escape_length(const uint8_t* at, size_t available, Ending ending);

// Appends the UTF-8 of `code` to `out` (4 bytes of room) and returns the number of bytes; 0 for what is no character.
unsigned put_utf8(uint32_t code, uint8_t* out);

}  // namespace confide::masking
