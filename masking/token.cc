#include "masking/token.h"

#include <bit>
#include <cstring>
#include <string_view>

#include "masking/entities.h"
#include "masking/hex_digit.h"

namespace confide::masking {
namespace {

Token bytes_token(size_t length, uint8_t features, const uint8_t* bytes, unsigned count) {
  Token token{.kind = Token::Kind::kBytes,
              .length = static_cast<uint8_t>(length),
              .count = static_cast<uint8_t>(count),
              .features = features};
  for (unsigned i = 0; i < count; ++i) token.bytes[i] = canonical(bytes[i]);
  return token;
}

Token gap_token(size_t length, uint8_t features) {
  return {.kind = Token::Kind::kGap, .length = static_cast<uint8_t>(length), .features = features};
}

Token need_more() { return {.kind = Token::Kind::kNeedMore, .length = 0}; }

Token literal(uint8_t byte) { return bytes_token(1, 0, &byte, 1); }

bool is_dropped_when_decoded(uint8_t byte) {
  const ByteClass role = class_of(byte);
  return role == ByteClass::kGap || role == ByteClass::kEscape || role == ByteClass::kQuote ||
         role == ByteClass::kBackslash;
}

Token decoded_byte(uint8_t byte, size_t length, uint8_t feature) {
  if (is_dropped_when_decoded(byte)) return gap_token(length, feature);
  return bytes_token(length, feature, &byte, 1);
}

// The token for a code point, or `otherwise` where it is none.
Token decoded_code(uint32_t code, size_t length, uint8_t feature, Token otherwise) {
  if (code < 0x80) return decoded_byte(static_cast<uint8_t>(code), length, feature);
  uint8_t utf8[4];
  const unsigned count = put_utf8(code, utf8);
  return count == 0 ? otherwise : bytes_token(length, feature, utf8, count);
}

// Reads ahead and remembers whether it ran out of bytes that may still come.
class Ahead {
 public:
  Ahead(const uint8_t* at, size_t available, Ending ending) : at_(at), available_(available), ending_(ending) {}
  // The byte at `i`, or -1 past the end.
  int peek(size_t i) {
    if (i < available_) return at_[i];
    if (ending_ == Ending::kOpen) ran_out_ = true;
    return -1;
  }
  // `digits` hexadecimal digits from `i`.
  bool hex(size_t i, unsigned digits, uint32_t& value) {
    value = 0;
    for (unsigned k = 0; k < digits; ++k) {
      const int digit = hex_digit(peek(i + k));
      if (digit < 0) return false;
      value = value << 4 | static_cast<uint32_t>(digit);
    }
    return true;
  }
  bool ran_out() const { return ran_out_; }

 private:
  const uint8_t* at_;
  size_t available_;
  Ending ending_;
  bool ran_out_ = false;
};

Token percent_token(Ahead ahead) {
  // %25 is an escaped percent sign: %2541 is %41 escaped once more.
  constexpr size_t kMaxDepth = 3;
  size_t at = 1;
  uint32_t value = 0;
  if (ahead.peek(1) == 'u') {
    if (ahead.hex(2, 4, value)) return decoded_code(value, 6, kSawPercent, literal('%'));
    return ahead.ran_out() ? need_more() : literal('%');
  }
  if (!ahead.hex(at, 2, value)) return ahead.ran_out() ? need_more() : literal('%');
  for (size_t depth = 0; depth < kMaxDepth && value == 0x25; ++depth) {
    uint32_t inner = 0;
    if (!ahead.hex(at + 2, 2, inner)) break;
    at += 2;
    value = inner;
  }
  if (ahead.ran_out()) return need_more();
  return decoded_byte(static_cast<uint8_t>(value), at + 2, kSawPercent);
}

// \uD83D\uDE00, the second backslash perhaps escaped itself: the low half's end, or 0.
size_t low_surrogate(Ahead& ahead, size_t at, uint32_t& low) {
  constexpr size_t kMaxBackslashes = 4;
  size_t i = at;
  while (i < at + kMaxBackslashes && ahead.peek(i) == '\\') ++i;
  if (i == at || ahead.peek(i) != 'u' || !ahead.hex(i + 1, 4, low)) return 0;
  return low >= 0xdc00 && low <= 0xdfff ? i + 5 : 0;
}

Token unicode_escape(Ahead& ahead, Token otherwise) {
  uint32_t code = 0;
  if (ahead.peek(2) == '{') {
    uint32_t digit = 0;
    size_t i = 3;
    for (; i < 9 && ahead.hex(i, 1, digit); ++i) code = code << 4 | digit;
    if (i > 3 && ahead.peek(i) == '}') return decoded_code(code, i + 1, kSawBackslash, otherwise);
    return ahead.ran_out() ? need_more() : otherwise;
  }
  if (!ahead.hex(2, 4, code)) return ahead.ran_out() ? need_more() : otherwise;
  if (code < 0xd800 || code > 0xdbff) return decoded_code(code, 6, kSawBackslash, otherwise);
  uint32_t low = 0;
  const size_t end = low_surrogate(ahead, 6, low);
  if (end != 0) {
    return decoded_code(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), end, kSawBackslash, otherwise);
  }
  return ahead.ran_out() ? need_more() : otherwise;
}

Token octal_or_nul(Ahead& ahead, int first) {
  const int second = ahead.peek(2);
  const int third = second >= '0' && second <= '7' ? ahead.peek(3) : -1;
  if (ahead.ran_out()) return need_more();
  if (third >= '0' && third <= '7') {
    return decoded_byte(static_cast<uint8_t>((first - '0') << 6 | (second - '0') << 3 | (third - '0')), 4,
                        kSawBackslash);
  }
  return gap_token(first == '0' ? 2 : 1, kSawBackslash);  // \0 is a NUL; \1 is an escaped digit
}

Token backslash_token(Ahead ahead) {
  const Token dropped = gap_token(1, kSawBackslash);
  const int next = ahead.peek(1);
  uint32_t value = 0;
  switch (next) {
    case -1: return ahead.ran_out() ? need_more() : dropped;
    case 'n':
    case 'r':
    case 't':
    case 'v':
    case 'f':
    case 'b':
    case 'a':
    case 'e':
    case 'E': return gap_token(2, kSawBackslash);
    case 'x':
      if (ahead.hex(2, 2, value)) return decoded_byte(static_cast<uint8_t>(value), 4, kSawBackslash);
      return ahead.ran_out() ? need_more() : dropped;
    case 'u': return unicode_escape(ahead, dropped);
    case 'U':
      if (ahead.hex(2, 8, value)) return decoded_code(value, 10, kSawBackslash, dropped);
      return ahead.ran_out() ? need_more() : dropped;
    case '0':
    case '1':
    case '2':
    case '3': return octal_or_nul(ahead, next);
    default: return dropped;  // an escaped backslash, quote, slash, …: what follows is itself
  }
}

Token ampersand_token(const uint8_t* at, size_t available, Ending ending) {
  const Entity entity = read_entity(at, available, ending);
  switch (entity.kind) {
    case Entity::Kind::kNeedMore: return need_more();
    case Entity::Kind::kNone: return literal('&');
    case Entity::Kind::kFound: return decoded_code(entity.code, entity.length, kSawEntity, literal('&'));
  }
  return literal('&');
}

}  // namespace

size_t escape_length(const uint8_t* at, size_t available, Ending ending) {
  if (available < 2) return ending == Ending::kOpen ? kEscapeNeedsMore : kNoEscape;
  const bool control_sequence = at[1] == '[';
  if (!control_sequence && (at[1] < 0x20 || at[1] > 0x2f)) return kNoEscape;
  if (control_sequence && available >= 2 + sizeof(uint64_t)) {
    // Nearly always within eight bytes: the first with 0x40 set ends it, those before must all be 0x2_ or 0x3_.
    uint64_t bytes = 0;
    std::memcpy(&bytes, at + 2, sizeof bytes);
    const uint64_t ends = bytes & 0x4040404040404040;
    if (ends != 0) {
      const auto inner = static_cast<size_t>(std::countr_zero(ends)) / 8;
      const uint64_t before = (uint64_t{1} << (8 * inner)) - 1;
      const bool valid = ((bytes ^ 0x2020202020202020) & 0xe0e0e0e0e0e0e0e0 & before) == 0 && at[2 + inner] <= 0x7e;
      return valid ? inner + 3 : kNoEscape;
    }
  }
  const uint8_t last_inner = control_sequence ? 0x3f : 0x2f;
  const uint8_t first_final = control_sequence ? 0x40 : 0x30;
  for (size_t i = 2; i < kMaxEscape; ++i) {
    if (i >= available) return ending == Ending::kOpen ? kEscapeNeedsMore : kNoEscape;
    if (at[i] >= 0x20 && at[i] <= last_inner) continue;
    return at[i] >= first_final && at[i] <= 0x7e ? i + 1 : kNoEscape;
  }
  return kNoEscape;
}

unsigned put_utf8(uint32_t code, uint8_t* out) {
  const auto tail = [&](unsigned shift) { return static_cast<uint8_t>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    out[0] = static_cast<uint8_t>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<uint8_t>(0xc0 | code >> 6);
    out[1] = tail(0);
    return 2;
  }
  if (code >= 0xd800 && code <= 0xdfff) return 0;
  if (code < 0x10000) {
    out[0] = static_cast<uint8_t>(0xe0 | code >> 12);
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  if (code > 0x10ffff) return 0;
  out[0] = static_cast<uint8_t>(0xf0 | code >> 18);
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

Token next_token(uint8_t view, const uint8_t* at, size_t available, Ending ending) {
  const uint8_t byte = at[0];
  switch (class_of(byte)) {
    case ByteClass::kPlain: return literal(byte);
    case ByteClass::kGap: return gap_token(1, byte == 0 ? kSawNul : kSawSpace);
    case ByteClass::kEscape: {
      const size_t length = escape_length(at, available, ending);
      if (length == kEscapeNeedsMore) return need_more();
      return gap_token(length == kNoEscape ? 1 : length, kSawEscape);
    }
    case ByteClass::kQuote: return view == kAsIs ? literal(byte) : gap_token(1, kSawBackslash);
    case ByteClass::kBackslash: return view == kAsIs ? literal(byte) : backslash_token({at, available, ending});
    case ByteClass::kPercent: return view == kAsIs ? literal(byte) : percent_token({at, available, ending});
    case ByteClass::kAmpersand: return view == kAsIs ? literal(byte) : ampersand_token(at, available, ending);
  }
  return literal(byte);
}

}  // namespace confide::masking
