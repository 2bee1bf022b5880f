#include "seccomp/coalesce.h"

#include <gtest/gtest.h>

#include <random>

#include "seccomp/assembler.h"
#include "seccomp/compare.h"
#include "seccomp/compile.h"
#include "seccomp/evaluate.h"
#include "tests/unit/seccomp/specs.h"

namespace confide::seccomp {
namespace {

void expect_equal_to_libseccomp(const FilterSpec& spec) {
  const auto ours = coalesce(spec);
  const auto linear = compile_with_libseccomp(spec, Layout::kLinear);
  const auto tree = compile_with_libseccomp(spec, Layout::kTree);
  ASSERT_TRUE(ours.has_value()) << ours.error().what;
  ASSERT_TRUE(linear.has_value()) << linear.error().what;
  ASSERT_TRUE(tree.has_value()) << tree.error().what;
  const std::vector<sock_filter> programs[] = {*ours, *linear, *tree};
  const auto proof = prove_equal(spec, programs);
  EXPECT_TRUE(proof.has_value()) << (proof ? "" : proof.error().what);
}

TEST(Coalesce, EqualsLibseccompOnASmallSpec) { expect_equal_to_libseccomp(small_spec()); }

TEST(Coalesce, EqualsLibseccompOnRandomNumbers) {
  std::mt19937 random(20240229);
  for (int round = 0; round < 8; ++round) {
    FilterSpec spec{.default_action = refuse_with(ENOSYS)};
    for (uint32_t number = 0; number < 470; ++number) {
      const auto draw = random() % 8;
      if (draw < 4) spec.allowed.push_back(number);
      if (draw == 5) spec.refused.push_back({number, refuse_with(EPERM)});
      if (draw == 6) spec.refused.push_back({number, kKill});
    }
    // Hundreds of runs do not fit into eight-bit jumps: that is said, not miscompiled.
    const auto ours = coalesce(spec);
    if (!ours) {
      EXPECT_NE(ours.error().what.find("past 255"), std::string::npos) << ours.error().what;
      std::erase_if(spec.allowed, [](uint32_t number) { return number > 60; });
      std::erase_if(spec.refused, [](const Refusal& refusal) { return refusal.number > 60; });
    }
    expect_equal_to_libseccomp(spec);
  }
}

TEST(Coalesce, EqualTailsAreWrittenOnce) {
  FilterSpec spec = small_spec();
  const auto alone = coalesce(spec);
  ArgumentRule twin = spec.rules[0];
  twin.number = 8;
  spec.rules.push_back(twin);
  const auto both = coalesce(spec);
  ASSERT_TRUE(alone.has_value() && both.has_value());
  EXPECT_LE(both->size(), alone->size() + 2);
}

TEST(Coalesce, RefusesASpecThatContradictsItself) {
  FilterSpec spec = small_spec();
  spec.allowed.push_back(3);
  EXPECT_FALSE(coalesce(spec).has_value());
  EXPECT_FALSE(compile_with_libseccomp(spec, Layout::kTree).has_value());
}

TEST(Assembler, LeadsToTheRightPlaceHoweverFar) {
  Assembler assembler;
  const auto end = assembler.ret(77);
  Assembler::Label next = assembler.ret(1);
  for (uint32_t k = 1; k < 200; ++k) next = assembler.branch(BPF_JEQ, k, end, next);
  const auto program = assembler.finish(assembler.plain(BPF_LD | BPF_W | BPF_ABS, 0, next));
  ASSERT_TRUE(program.has_value());
  EXPECT_EQ(evaluate(*program, call_of(1)).value_or(0), 77U);
  EXPECT_EQ(evaluate(*program, call_of(199)).value_or(0), 77U);
  EXPECT_EQ(evaluate(*program, call_of(200)).value_or(0), 1U);
}

TEST(Assembler, SaysWhenAJumpIsTooFar) {
  Assembler assembler;
  const auto end = assembler.ret(77);
  Assembler::Label next = assembler.ret(1);
  for (uint32_t k = 1; k < 300; ++k) next = assembler.branch(BPF_JEQ, k, end, next);
  EXPECT_FALSE(assembler.finish(next).has_value());
}

}  // namespace
}  // namespace confide::seccomp
