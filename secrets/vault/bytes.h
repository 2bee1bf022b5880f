// Little-endian integers and runs of bytes of the vault's files, written one after the other and read back with every
// length checked. Failing is sticky.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace confide::vault {

class ByteWriter {
 public:
  template <std::unsigned_integral T>
  void number(T value) {
    for (size_t i = 0; i < sizeof(T); ++i) bytes_ += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xFF);
  }
  void raw(std::string_view bytes) { bytes_ += bytes; }
  // A 32-bit length, then the bytes.
  void counted(std::string_view bytes) {
    number(static_cast<uint32_t>(bytes.size()));
    raw(bytes);
  }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  // 0, and failed, where fewer bytes are left.
  template <std::unsigned_integral T>
  T number() {
    const std::string_view bytes = raw(sizeof(T));
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); ++i) value |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return static_cast<T>(value);
  }
  // Exactly `size` bytes, or none and failed.
  std::string_view raw(size_t size) {
    if (failed_ || size > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::string_view counted(size_t most) {
    const auto size = number<uint32_t>();
    if (size > most) failed_ = true;
    return raw(failed_ ? 0 : size);
  }
  std::string_view rest() const { return rest_; }
  bool failed() const { return failed_; }
  bool at_end() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace confide::vault
