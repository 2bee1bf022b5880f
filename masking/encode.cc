#include "masking/encode.h"

namespace confide::masking {

void Utf16Encoder::put(uint8_t byte) {
  if (missing_ > 0 && (byte & 0xc0) == 0x80) {
    code_ = code_ << 6 | (byte & 0x3f);
    if (--missing_ == 0) put_code(code_);
    return;
  }
  missing_ = 0;
  if (byte >= 0xf0 && byte <= 0xf4) {
    code_ = byte & 0x07;
    missing_ = 3;
  } else if (byte >= 0xe0 && byte <= 0xef) {
    code_ = byte & 0x0f;
    missing_ = 2;
  } else if (byte >= 0xc2 && byte <= 0xdf) {
    code_ = byte & 0x1f;
    missing_ = 1;
  } else {
    put_code(byte);
  }
}

void Utf16Encoder::put_code(uint32_t code) {
  if (code < 0x10000) {
    put_unit(code);
    return;
  }
  put_unit(0xd800 + ((code - 0x10000) >> 10));
  put_unit(0xdc00 + ((code - 0x10000) & 0x3ff));
}

void Utf16Encoder::put_unit(uint32_t unit) {
  const auto high = static_cast<uint8_t>(unit >> 8);
  const auto low = static_cast<uint8_t>(unit);
  next_.put(order_ == Order::kLittle ? low : high);
  next_.put(order_ == Order::kLittle ? high : low);
}

void HexEncoder::put(uint8_t byte) {
  if (!first_) put_text(separator_);
  first_ = false;
  put_text(prefix_);
  next_.put(static_cast<uint8_t>(digits_[byte >> 4]));
  next_.put(static_cast<uint8_t>(digits_[byte & 15]));
}

void PercentEncoder::put(uint8_t byte) {
  const uint8_t folded = byte | 0x20;
  const bool unreserved = (byte >= '0' && byte <= '9') || (folded >= 'a' && folded <= 'z') || byte == '-' ||
                          byte == '.' || byte == '_' || byte == '~';
  (unreserved ? next_ : hex_).put(byte);
}

void JsonEncoder::put(uint8_t byte) {
  const bool line_end = byte == '\n' || byte == '\r';
  if (byte == '"' || byte == '\\' || line_end) next_.put('\\');
  next_.put(byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte);
}

void HtmlEncoder::put(uint8_t byte) {
  const char* text = nullptr;
  switch (byte) {
    case '&': text = "&amp;"; break;
    case '<': text = "&lt;"; break;
    case '>': text = "&gt;"; break;
    case '"': text = "&quot;"; break;
    case '\'': text = "&#39;"; break;
    default: next_.put(byte); return;
  }
  for (; *text != '\0'; ++text) next_.put(static_cast<uint8_t>(*text));
}

void DecimalEncoder::put(uint8_t byte) {
  if (!first_) {
    for (const char* at = separator_; *at != '\0'; ++at) next_.put(static_cast<uint8_t>(*at));
  }
  first_ = false;
  if (byte >= 100) next_.put(static_cast<uint8_t>('0' + byte / 100));
  if (byte >= 10) next_.put(static_cast<uint8_t>('0' + byte / 10 % 10));
  next_.put(static_cast<uint8_t>('0' + byte % 10));
}

}  // namespace confide::masking
