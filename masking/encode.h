// Encoders that pass bytes on one by one, so that no form of a secret ever lies in memory that is not meant for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace confide::masking {

class ByteSink {
 public:
  ByteSink() = default;
  ByteSink(const ByteSink&) = delete;
  ByteSink& operator=(const ByteSink&) = delete;
  virtual ~ByteSink() = default;
  virtual void put(uint8_t byte) = 0;
};

enum class Newlines : uint8_t { kAsIs, kCrLf };

// The bytes that are encoded.
struct Source {
  std::span<const uint8_t> bytes;
  Newlines newlines = Newlines::kAsIs;

  void pour(ByteSink& out) const {
    for (const uint8_t byte : bytes) {
      if (byte == '\n' && newlines == Newlines::kCrLf) out.put('\r');
      out.put(byte);
    }
  }
};

// Base64 (width 6) and base32 (width 5) of bytes that have `before` unknown bytes in front of them in their group: only
// the characters that are decided by known bytes (RFC 4648).
class BitEncoder : public ByteSink {
 public:
  BitEncoder(const char* alphabet, unsigned width, unsigned before, ByteSink& next)
      : alphabet_(alphabet), width_(width), skip_((width - 8 * before % width) % width), next_(next) {}
  void put(uint8_t byte) override {
    bits_ = bits_ << 8 | byte;
    count_ += 8;
    if (skip_ != 0) {
      count_ -= skip_;
      skip_ = 0;
    }
    while (count_ >= width_) {
      count_ -= width_;
      next_.put(static_cast<uint8_t>(alphabet_[bits_ >> count_ & ((1U << width_) - 1)]));
    }
    bits_ &= (1U << count_) - 1;
  }
  // Bits that the next character shares with what follows.
  bool unfinished() const { return count_ != 0; }

 private:
  const char* alphabet_;
  unsigned width_;
  unsigned skip_;
  ByteSink& next_;
  uint32_t bits_ = 0;
  unsigned count_ = 0;
};

inline constexpr const char* kBase64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr const char* kBase32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

// UTF-8 to UTF-16, least or most significant byte first. What is no UTF-8 passes as Latin-1.
class Utf16Encoder : public ByteSink {
 public:
  enum class Order : uint8_t { kLittle, kBig };
  Utf16Encoder(Order order, ByteSink& next) : order_(order), next_(next) {}
  void put(uint8_t byte) override;

 private:
  void put_code(uint32_t code);
  void put_unit(uint32_t unit);

  Order order_;
  ByteSink& next_;
  uint32_t code_ = 0;
  unsigned missing_ = 0;
};

// Hexadecimal digits of either case, with `prefix` before and `separator` between bytes.
class HexEncoder : public ByteSink {
 public:
  enum class Case : uint8_t { kLower, kUpper };
  HexEncoder(Case letters, const char* prefix, const char* separator, ByteSink& next)
      : digits_(letters == Case::kLower ? "0123456789abcdef" : "0123456789ABCDEF"),
        prefix_(prefix),
        separator_(separator),
        next_(next) {}
  void put(uint8_t byte) override;

 private:
  void put_text(const char* text) {
    for (; *text != '\0'; ++text) next_.put(static_cast<uint8_t>(*text));
  }

  const char* digits_;
  const char* prefix_;
  const char* separator_;
  ByteSink& next_;
  bool first_ = true;
};

// Percent-encoding of all but RFC 3986's unreserved characters.
class PercentEncoder : public ByteSink {
 public:
  PercentEncoder(HexEncoder::Case letters, ByteSink& next) : hex_(letters, "%", "", next), next_(next) {}
  void put(uint8_t byte) override;

 private:
  HexEncoder hex_;
  ByteSink& next_;
};

// The inside of a JSON string (RFC 8259): backslashes and quotes escaped, and line ends.
class JsonEncoder : public ByteSink {
 public:
  explicit JsonEncoder(ByteSink& next) : next_(next) {}
  void put(uint8_t byte) override;

 private:
  ByteSink& next_;
};

// HTML's five: & < > " '
class HtmlEncoder : public ByteSink {
 public:
  explicit HtmlEncoder(ByteSink& next) : next_(next) {}
  void put(uint8_t byte) override;

 private:
  ByteSink& next_;
};

// Decimal numbers with `separator` between them.
class DecimalEncoder : public ByteSink {
 public:
  DecimalEncoder(const char* separator, ByteSink& next) : separator_(separator), next_(next) {}
  void put(uint8_t byte) override;

 private:
  const char* separator_;
  ByteSink& next_;
  bool first_ = true;
};

}  // namespace confide::masking
