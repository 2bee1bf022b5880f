// Bytes at rest.
#include "masking/scan.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/sys.h"
#include "encoders.h"
#include "masking_support.h"

namespace confide::masking::testing {
namespace {

const std::string kValue = "kP8vQ2mZ7wR4xT9nB3hJ6";

TEST(Scan, FindsEveryFormWithItsPlace) {
  const Tables tables = tables_of({{"S", kValue}});
  const std::string text = "{\"raw\": \"" + kValue + "\", \"hex\": \"" + to_hex(kValue) + "\"}";
  const auto found = scan(tables, bytes_of(text));
  ASSERT_TRUE(found);
  const std::vector<Finding> expected = {{"S", Form::kRaw, 9, kValue.size()},
                                         {"S", Form::kHex, 9 + kValue.size() + 11, 2 * kValue.size()}};
  EXPECT_EQ(*found, expected);
  EXPECT_TRUE(scan(tables, bytes_of("nothing"))->empty());
}

TEST(Scan, APolicyThatEndsAStreamDoesNotEndTheSearch) {
  const Tables tables = tables_of({{"S", kValue}}, {.on_leak = OnLeak::kWithhold});
  EXPECT_EQ(scan(tables, bytes_of(to_hex(kValue) + " " + to_hex(kValue) + " " + kValue))->size(), 3U);
}

TEST(Scan, AFile) {
  const Tables tables = tables_of({{"S", kValue}});
  const auto file = sys::memfd("scan-test");
  ASSERT_TRUE(file);
  const std::string padding(100'000, '.');
  ASSERT_TRUE(sys::write_all(file->get(), padding + kValue + padding));
  ASSERT_EQ(::lseek(file->get(), 0, SEEK_SET), 0);
  const auto found = scan_fd(tables, file->get(), "output");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().offset, padding.size());
  EXPECT_EQ(scan_fd(tables, -1, "output").error().what, "read output");
}

TEST(Scan, EndsWhereTheAnswerIsClear) {
  const Tables tables = tables_of({{"S", kValue}});
  std::string text;
  for (int i = 0; i < 3000; ++i) text += kValue + "\n";
  EXPECT_EQ(scan(tables, bytes_of(text))->size(), kMaxFindings);
}

}  // namespace
}  // namespace confide::masking::testing
