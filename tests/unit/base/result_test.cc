#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace confide {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return Error{ErrorKind::kUsage, 0, "odd"};
  return n / 2;
}

Result<int> quarter(int n) { return TRY(half(TRY(half(n)))); }

TEST(Result, TryPassesTheValueAndReturnsTheError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().what, "odd");
}

TEST(Result, CarriesMoveOnlyValues) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(3); };
  const auto use = [&]() -> Result<int> { return *TRY(make()); };
  EXPECT_EQ(use().value(), 3);
}

TEST(Error, TextNamesTheObjectAndTheErrno) {
  EXPECT_EQ(to_text(Error{ErrorKind::kSystem, ENOENT, "open /x"}), "open /x: No such file or directory");
  EXPECT_EQ(to_text(with_context("reading policy", Error{ErrorKind::kRefused, 0, "bad"})), "reading policy: bad");
}

TEST(Error, KindsHaveTheDocumentedExitCodes) {
  EXPECT_EQ(exit_code(ErrorKind::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorKind::kRefused), 123);
  EXPECT_EQ(exit_code(ErrorKind::kTimeLimit), 124);
  EXPECT_EQ(exit_code(ErrorKind::kUnsupported), 125);
  EXPECT_EQ(exit_code(ErrorKind::kNotExecutable), 126);
  EXPECT_EQ(exit_code(ErrorKind::kNotFound), 127);
}

}  // namespace
}  // namespace confide
