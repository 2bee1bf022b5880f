#include "policy/archive.h"

#include <gtest/gtest.h>

#include <limits>

namespace confide::archive {
namespace {

enum class Colour : uint8_t { kRed, kBlue };
constexpr Colour last_value(Colour) { return Colour::kBlue; }

struct Inner {
  int32_t number = 0;
  bool operator==(const Inner&) const = default;
};
auto fields(Like<Inner> auto& x) { return std::tie(x.number); }

struct Everything {
  bool flag = false;
  uint8_t small = 0;
  int64_t wide = 0;
  uint64_t natural = 0;
  double real = 0;
  Colour colour = Colour::kRed;
  std::string text;
  std::optional<std::string> maybe;
  std::vector<Inner> list;
  std::map<std::string, int32_t> map;
  std::variant<uint64_t, std::string> either;
  bool operator==(const Everything&) const = default;
};
auto fields(Like<Everything> auto& x) {
  return std::tie(x.flag, x.small, x.wide, x.natural, x.real, x.colour, x.text, x.maybe, x.list, x.map, x.either);
}

Everything sample() {
  return {true,
          7,
          std::numeric_limits<int64_t>::min(),
          std::numeric_limits<uint64_t>::max(),
          -0.5,
          Colour::kBlue,
          std::string("a\0b", 3),
          "",
          {{1}, {-2}},
          {{"", 1}, {"b", 2}},
          "text"};
}

constexpr uint16_t kKind = 9;

TEST(Archive, BringsEveryTypeBack) {
  const std::string bytes = seal(kKind, 1, sample());
  EXPECT_EQ(open<Everything>(kKind, 1, bytes).value(), sample());
  EXPECT_EQ(open<Everything>(kKind, 1, seal(kKind, 1, Everything{})).value(), Everything{});
}

TEST(Archive, IsLittleEndianAndNothingElse) {
  Writer writer;
  writer.put(uint32_t{0x04030201});
  writer.put(std::string("ab"));
  writer.put(std::optional<bool>(true));
  EXPECT_EQ(writer.bytes(), std::string("\x01\x02\x03\x04\x02\0\0\0ab\x01\x01", 12));
}

TEST(Archive, RefusesAnotherKindVersionOrLength) {
  const std::string bytes = seal(kKind, 1, sample());
  const auto why = [](const Result<Everything>& result) { return result ? "" : result.error().what; };
  EXPECT_EQ(why(open<Everything>(kKind, 2, bytes)), "message: from another version of confide");
  EXPECT_EQ(why(open<Everything>(8, 1, bytes)), "message: of another kind than expected");
  EXPECT_EQ(why(open<Everything>(kKind, 1, bytes + "x")), "message: cut off, or longer than it says");
  EXPECT_EQ(why(open<Everything>(kKind, 1, "")), "message: not one of confide's");
  EXPECT_EQ(why(open<Everything>(kKind, 1, std::string(kMaxBytes + 1, 'x'))), "message: larger than 4 MiB");
  for (size_t length = 0; length < bytes.size(); ++length)
    EXPECT_FALSE(open<Everything>(kKind, 1, bytes.substr(0, length)).has_value()) << length;
}

template <class T>
bool reads(std::string_view bytes) {
  Reader reader(bytes);
  T value{};
  return reader.get(value) && reader.at_end();
}

TEST(Archive, RefusesWhatIsOutOfRange) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(reads<bool>("\x02"sv));
  EXPECT_FALSE(reads<Colour>("\x02"sv));
  EXPECT_TRUE(reads<Colour>("\x01"sv));
  EXPECT_FALSE(reads<std::string>("\xff\xff\xff\xff"sv));
  EXPECT_FALSE((reads<std::variant<bool, uint8_t>>("\x02\x00"sv)));
  EXPECT_TRUE((reads<std::variant<bool, uint8_t>>("\x01\x05"sv)));
  EXPECT_FALSE(reads<std::vector<uint8_t>>("\x02\0\0\0\x01"sv));
}

TEST(Archive, HasOneEncodingForEachMap) {
  using Map = std::map<std::string, bool>;
  using namespace std::string_view_literals;
  EXPECT_TRUE(reads<Map>("\x02\0\0\0\x01\0\0\0a\0\x01\0\0\0b\0"sv));
  EXPECT_FALSE(reads<Map>("\x02\0\0\0\x01\0\0\0b\0\x01\0\0\0a\0"sv));
  EXPECT_FALSE(reads<Map>("\x02\0\0\0\x01\0\0\0a\0\x01\0\0\0a\0"sv));
}

TEST(Archive, ACountCannotTakeMoreMemoryThanTheBudget) {
  Writer writer;
  const uint32_t count = 3'000'000;
  writer.put(count);
  const std::string bytes = writer.bytes() + std::string(count, '\0');
  EXPECT_FALSE(reads<std::vector<std::vector<std::string>>>(bytes));
  EXPECT_TRUE(reads<std::vector<uint8_t>>(bytes));
}

TEST(Archive, StaysFailed) {
  Reader reader(std::string_view("\x02\x01", 2));
  bool flag = false;
  EXPECT_FALSE(reader.get(flag));
  EXPECT_FALSE(reader.get(flag));
  EXPECT_FALSE(flag);
  EXPECT_TRUE(reader.failed());
  EXPECT_FALSE(reader.at_end());
}

}  // namespace
}  // namespace confide::archive
