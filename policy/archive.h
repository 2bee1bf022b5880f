// Plain values as bytes and back: what crosses a pipe or a memfd between programs of one build, and what the build
// embeds. Not a file format: both ends are the same version, which the header says and open() checks.
//
//   struct Request { std::string name; std::optional<uint64_t> limit; };
//   inline auto fields(archive::Like<Request> auto& x) { return std::tie(x.name, x.limit); }
//   enum class Colour : uint8_t { kRed, kBlue };
//   constexpr Colour last_value(Colour) { return Colour::kBlue; }
//
//   std::string bytes = archive::seal(kKind, kVersion, request);
//   Request back = TRY(archive::open<Request>(kKind, kVersion, bytes));
//
// A type is: bool, an integer, double, an enum with last_value() whose values run from 0 without gaps, std::string,
// optional, vector, map, variant, or an aggregate with fields(). A struct whose fields() leaves one out does not
// compile. Integers are little-endian and of their own width; texts, vectors and maps begin with a 32-bit count; the
// keys of a map rise. Each value has exactly one encoding.
//
// Decoding is safe against any bytes: every length is checked against what is left and against a budget of memory;
// failing is sticky and leaves default values. It says nothing about what the values mean.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace confide::archive {

inline constexpr size_t kMaxBytes = size_t{4} << 20;
// What the decoded values may take in memory, strings apart (they are never longer than the bytes).
inline constexpr size_t kMaxMemory = size_t{64} << 20;

template <class T, class U>
concept Like = std::same_as<std::remove_const_t<T>, U>;

namespace detail {

// Stands for any field, to count how many an aggregate takes.
struct AnyField {
  template <class T>
  operator T() const;  // NOLINT(google-explicit-constructor)
};
template <class T, class... Found>
consteval size_t field_count() {
  if constexpr (requires { T{std::declval<Found>()..., std::declval<AnyField>()}; })
    return field_count<T, Found..., AnyField>();
  else
    return sizeof...(Found);
}

template <class T>
concept Described = std::is_aggregate_v<T> && requires(T& value) {
  fields(value);
};
template <class T>
concept RangedEnum = std::is_enum_v<T> && requires(T value) {
  last_value(value);
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsMap = false;
template <class K, class V, class C>
inline constexpr bool kIsMap<std::map<K, V, C>> = true;
template <class T>
inline constexpr bool kIsVariant = false;
template <class... T>
inline constexpr bool kIsVariant<std::variant<T...>> = true;
template <class T>
inline constexpr bool kUnknown = false;

template <class T>
consteval void check_fields() {
  using Tuple = decltype(fields(std::declval<T&>()));
  static_assert(std::tuple_size_v<Tuple> == field_count<T>(), "fields() leaves out a member, or names one too many");
}

}  // namespace detail

class Writer {
 public:
  template <class T>
  void put(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      put(static_cast<uint8_t>(value ? 1 : 0));
    } else if constexpr (std::integral<T>) {
      put_bits(static_cast<std::make_unsigned_t<T>>(value));
    } else if constexpr (std::same_as<T, double>) {
      put_bits(std::bit_cast<uint64_t>(value));
    } else if constexpr (detail::RangedEnum<T>) {
      put_bits(static_cast<std::make_unsigned_t<std::underlying_type_t<T>>>(value));
    } else if constexpr (std::same_as<T, std::string>) {
      put(static_cast<uint32_t>(value.size()));
      bytes_ += value;
    } else if constexpr (detail::kIsOptional<T>) {
      put(value.has_value());
      if (value) put(*value);
    } else if constexpr (detail::kIsVector<T>) {
      put(static_cast<uint32_t>(value.size()));
      for (const auto& element : value) put(element);
    } else if constexpr (detail::kIsMap<T>) {
      put(static_cast<uint32_t>(value.size()));
      for (const auto& [key, element] : value) {
        put(key);
        put(element);
      }
    } else if constexpr (detail::kIsVariant<T>) {
      put(static_cast<uint8_t>(value.index()));
      std::visit([this](const auto& alternative) { put(alternative); }, value);
    } else if constexpr (detail::Described<T>) {
      detail::check_fields<T>();
      std::apply([this](const auto&... field) { (put(field), ...); }, fields(value));
    } else {
      static_assert(detail::kUnknown<T>, "no encoding for this type: give it fields() or last_value()");
    }
  }
  const std::string& bytes() const { return bytes_; }
  std::string take() { return std::move(bytes_); }

 private:
  template <class T>
  void put_bits(T bits) {
    for (size_t i = 0; i < sizeof(T); ++i) bytes_ += static_cast<char>(static_cast<uint64_t>(bits) >> (8 * i) & 0xFF);
  }
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  // False, for good, once anything was wrong.
  template <class T>
  bool get(T& value) {
    if constexpr (std::same_as<T, bool>) {
      uint8_t byte = 0;
      if (!get(byte) || byte > 1) return fail();
      value = byte == 1;
      return true;
    } else if constexpr (std::integral<T>) {
      std::make_unsigned_t<T> bits{};
      if (!get_bits(bits)) return false;
      value = static_cast<T>(bits);
      return true;
    } else if constexpr (std::same_as<T, double>) {
      uint64_t bits = 0;
      if (!get_bits(bits)) return false;
      value = std::bit_cast<double>(bits);
      return true;
    } else if constexpr (detail::RangedEnum<T>) {
      std::make_unsigned_t<std::underlying_type_t<T>> bits{};
      if (!get_bits(bits)) return false;
      if (bits > static_cast<decltype(bits)>(last_value(T{}))) return fail();
      value = static_cast<T>(bits);
      return true;
    } else if constexpr (std::same_as<T, std::string>) {
      uint32_t size = 0;
      if (!get(size) || size > rest_.size()) return fail();
      value.assign(rest_.substr(0, size));
      rest_.remove_prefix(size);
      return true;
    } else if constexpr (detail::kIsOptional<T>) {
      bool present = false;
      if (!get(present)) return false;
      value.reset();
      return !present || get(value.emplace());
    } else if constexpr (detail::kIsVector<T>) {
      return get_vector(value);
    } else if constexpr (detail::kIsMap<T>) {
      return get_map(value);
    } else if constexpr (detail::kIsVariant<T>) {
      uint8_t index = 0;
      return get(index) && get_alternative(value, index);
    } else if constexpr (detail::Described<T>) {
      detail::check_fields<T>();
      return std::apply([this](auto&... field) { return (get(field) && ...); }, fields(value));
    } else {
      static_assert(detail::kUnknown<T>, "no encoding for this type: give it fields() or last_value()");
    }
  }
  bool at_end() const { return !failed_ && rest_.empty(); }
  bool failed() const { return failed_; }

 private:
  bool fail() {
    failed_ = true;
    rest_ = {};
    return false;
  }
  // Every element is at least one byte, so a count beyond what is left is a lie.
  bool get_count(uint32_t& count) {
    if (!get(count)) return false;
    return count <= rest_.size() || fail();
  }
  bool charge(size_t memory) {
    if (memory > budget_) return fail();
    budget_ -= memory;
    return true;
  }
  template <class T>
  bool get_bits(T& bits) {
    if (failed_ || rest_.size() < sizeof(T)) return fail();
    uint64_t out = 0;
    for (size_t i = 0; i < sizeof(T); ++i) out |= uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    rest_.remove_prefix(sizeof(T));
    bits = static_cast<T>(out);
    return true;
  }
  template <class T>
  bool get_vector(std::vector<T>& value) {
    uint32_t count = 0;
    if (!get_count(count) || !charge(count * sizeof(T))) return false;
    value.clear();
    value.reserve(count);
    for (uint32_t i = 0; i < count; ++i)
      if (!get(value.emplace_back())) return false;
    return true;
  }
  template <class K, class V, class C>
  bool get_map(std::map<K, V, C>& value) {
    uint32_t count = 0;
    // A node of a map has four words beside its pair.
    if (!get_count(count) || !charge(count * (sizeof(std::pair<const K, V>) + 4 * sizeof(void*)))) return false;
    value.clear();
    for (uint32_t i = 0; i < count; ++i) {
      K key{};
      if (!get(key)) return false;
      if (!value.empty() && !value.key_comp()(value.rbegin()->first, key)) return fail();
      if (!get(value.try_emplace(value.end(), std::move(key))->second)) return false;
    }
    return true;
  }
  template <size_t I = 0, class... T>
  bool get_alternative(std::variant<T...>& value, uint8_t index) {
    if constexpr (I == sizeof...(T)) {
      return fail();
    } else {
      if (index == I) return get(value.template emplace<I>());
      return get_alternative<I + 1>(value, index);
    }
  }
  std::string_view rest_;
  size_t budget_ = kMaxMemory;
  bool failed_ = false;
};

// A sealed message: magic, version, kind, length, body. `kind` tells messages apart that share a channel.
inline constexpr uint32_t kMagic = 0x31444643;  // "CFD1"

template <class T>
std::string seal(uint16_t kind, uint16_t version, const T& value) {
  Writer body;
  body.put(value);
  Writer out;
  out.put(kMagic);
  out.put(version);
  out.put(kind);
  out.put(static_cast<uint32_t>(body.bytes().size()));
  return out.take() + body.bytes();
}

// Errors: kRefused for anything but one whole message of this kind and version, up to kMaxBytes.
template <class T>
Result<T> open(uint16_t kind, uint16_t version, std::string_view bytes) {
  const auto refuse = [](const char* why) { return Error{ErrorKind::kRefused, 0, std::string("message: ") + why}; };
  if (bytes.size() > kMaxBytes) return refuse("larger than 4 MiB");
  Reader reader(bytes);
  uint32_t magic = 0;
  uint16_t found_version = 0;
  uint16_t found_kind = 0;
  uint32_t size = 0;
  if (!reader.get(magic) || magic != kMagic) return refuse("not one of confide's");
  if (!reader.get(found_version) || found_version != version) return refuse("from another version of confide");
  if (!reader.get(found_kind) || found_kind != kind) return refuse("of another kind than expected");
  if (!reader.get(size) || size != bytes.size() - 12) return refuse("cut off, or longer than it says");
  T value{};
  if (!reader.get(value) || !reader.at_end()) return refuse("malformed");
  return value;
}

}  // namespace confide::archive
