#include "seccomp/filter_spec.h"

#include <gtest/gtest.h>

#include "tests/unit/seccomp/specs.h"

namespace confide::seccomp {
namespace {

TEST(FilterSpec, DecidesByNumber) {
  const FilterSpec spec = small_spec();
  EXPECT_EQ(decide(spec, call_of(3)), kAllow);
  EXPECT_EQ(decide(spec, call_of(4)), refuse_with(EPERM));
  EXPECT_EQ(decide(spec, call_of(6)), refuse_with(ENOSYS));
  EXPECT_EQ(decide(spec, call_of(0x3fffffff)), refuse_with(ENOSYS));
}

TEST(FilterSpec, TheFirstCaseThatFitsDecides) {
  const FilterSpec spec = small_spec();
  EXPECT_EQ(decide(spec, call_of(7, {1, 0, 16})), kAllow);
  EXPECT_EQ(decide(spec, call_of(7, {2, 0, 16})), kAllow);
  EXPECT_EQ(decide(spec, call_of(7, {2, 0, 17})), refuse_with(EACCES));
  EXPECT_EQ(decide(spec, call_of(7, {3, 0, 16})), refuse_with(EACCES));
  EXPECT_EQ(decide(spec, call_of(7, {1, 0, 17})), refuse_with(EPERM));
}

TEST(FilterSpec, NeverLooksAtTheHighHalf) {
  const FilterSpec spec = small_spec();
  constexpr uint64_t kHigh = 0xdeadbeef'00000000;
  EXPECT_EQ(decide(spec, call_of(7, {kHigh | 1, 0, kHigh | 16})), kAllow);
  EXPECT_EQ(decide(spec, call_of(9, {0, kHigh | 0x1234})), kAllow);
  EXPECT_EQ(decide(spec, call_of(9, {0, kHigh | 0x2234})), refuse_with(EPERM));
}

TEST(FilterSpec, KillsForeignArchitecturesAndX32) {
  const FilterSpec spec = small_spec();
  EXPECT_EQ(decide(spec, call_of(3, {}, AUDIT_ARCH_I386)), kKill);
  EXPECT_EQ(decide(spec, call_of(3, {}, AUDIT_ARCH_AARCH64)), kKill);
  EXPECT_EQ(decide(spec, call_of(3 | kX32Bit)), kKill);
  EXPECT_EQ(decide(spec, call_of(0x80000003)), kKill);
  EXPECT_EQ(decide(spec, call_of(0xfffffffe)), kKill);
  EXPECT_EQ(decide(spec, call_of(kSkippedCall)), refuse_with(ENOSYS));
}

TEST(FilterSpec, ReturnValuesAreTheKernels) {
  EXPECT_EQ(to_return_value(kAllow), 0x7fff0000U);
  EXPECT_EQ(to_return_value(kKill), 0x80000000U);
  EXPECT_EQ(to_return_value(refuse_with(EPERM)), 0x00050001U);
}

void expect_defect(const FilterSpec& spec, const std::string& words) {
  const auto status = check(spec);
  ASSERT_FALSE(status.has_value()) << words;
  EXPECT_EQ(status.error().kind, ErrorKind::kInternal);
  EXPECT_NE(status.error().what.find(words), std::string::npos) << status.error().what;
}

TEST(FilterSpec, CheckFindsContradictions) {
  EXPECT_TRUE(check(small_spec()).has_value());

  FilterSpec spec = small_spec();
  spec.allowed.push_back(4);
  expect_defect(spec, "stat (4): named twice");
  spec = small_spec();
  spec.allowed.push_back(7);
  expect_defect(spec, "poll (7): named twice");
  spec = small_spec();
  spec.allowed.push_back(kX32Bit | 3);
  expect_defect(spec, "an x32 number");
  spec = small_spec();
  spec.refused[0].action = refuse_with(0);
  expect_defect(spec, "errno out of range");
  spec.refused[0].action = refuse_with(4096);
  expect_defect(spec, "errno out of range");
  spec = small_spec();
  spec.rules[0].cases[0].all.clear();
  expect_defect(spec, "a case without a test");
  spec = small_spec();
  spec.rules[0].cases[0].all[0].argument = 6;
  expect_defect(spec, "an argument past the sixth");
  spec = small_spec();
  spec.rules[0].cases[0].all[0].values.clear();
  expect_defect(spec, "a test without a value");
  spec = small_spec();
  spec.rules[1].cases[0].all[0].values.push_back(0x1001);
  expect_defect(spec, "a value outside its mask");
}

}  // namespace
}  // namespace confide::seccomp
