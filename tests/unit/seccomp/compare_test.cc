// The proof itself: it must notice programs that are wrong.
#include "seccomp/compare.h"

#include <gtest/gtest.h>

#include <set>

#include "seccomp/coalesce.h"
#include "tests/unit/seccomp/specs.h"

namespace confide::seccomp {
namespace {

using Program = std::vector<sock_filter>;

bool agrees(const FilterSpec& spec, const Program& program) {
  return prove_equal(spec, std::span(&program, 1)).has_value();
}

TEST(Compare, AcceptsTheRightProgram) {
  const auto program = coalesce(small_spec());
  ASSERT_TRUE(program.has_value());
  EXPECT_TRUE(agrees(small_spec(), *program));
}

// A change that cannot be harmless: a load takes the next word, a mask loses a bit that the spec asks for, a border
// between numbers lets none through (moving it a little may stay inside a run).
uint32_t mutated(const sock_filter& instruction) {
  if (BPF_CLASS(instruction.code) == BPF_LD) return instruction.k ^ 4U;
  if (BPF_CLASS(instruction.code) == BPF_ALU) return instruction.k ^ 0x8000U;
  return BPF_OP(instruction.code) == BPF_JGE ? 0 : instruction.k ^ 1U;
}

// Every instruction matters: changing any constant, or swapping the ways out of any comparison, is found.
TEST(Compare, NoticesEveryMutation) {
  const FilterSpec spec = small_spec();
  const auto program = coalesce(spec);
  ASSERT_TRUE(program.has_value());
  for (size_t at = 0; at < program->size(); ++at) {
    Program mutant = *program;
    const unsigned kind = BPF_CLASS(mutant[at].code);
    mutant[at].k = mutated(mutant[at]);
    EXPECT_FALSE(agrees(spec, mutant)) << "constant of instruction " << at;
    if (kind != BPF_JMP || BPF_OP(mutant[at].code) == BPF_JA) continue;
    mutant = *program;
    std::swap(mutant[at].jt, mutant[at].jf);
    EXPECT_FALSE(agrees(spec, mutant)) << "ways out of instruction " << at;
  }
}

TEST(Compare, NoticesALeakInTheHighHalf) {
  // What a comparison of 64 bits would do: refuse TIOCSTI, let TIOCSTI | 1 << 32 through.
  const FilterSpec spec{
      .default_action = refuse_with(ENOSYS),
      .rules = {{.number = 16,
                 .cases = {{.all = {{.argument = 1, .values = {0x5412}}}, .action = refuse_with(EPERM)}},
                 .otherwise = kAllow,
                 .meaning = ""}}};
  const Program leaky{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 4},
                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 11, AUDIT_ARCH_X86_64},
                      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
                      {BPF_JMP | BPF_JGE | BPF_K, 0, 1, kX32Bit},
                      {BPF_JMP | BPF_JEQ | BPF_K, 7, 8, kSkippedCall},
                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 6, 16},
                      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 28},
                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0},
                      {BPF_LD | BPF_W | BPF_ABS, 0, 0, 24},
                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x5412},
                      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
                      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
                      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS},
                      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS}};
  const auto proof = prove_equal(spec, std::span(&leaky, 1));
  ASSERT_FALSE(proof.has_value());
  EXPECT_NE(proof.error().what.find("call 16 (ioctl)"), std::string::npos) << proof.error().what;
  Program tight = leaky;
  tight[7] = {BPF_JMP | BPF_JA, 0, 0, 0};
  EXPECT_TRUE(agrees(spec, tight));
}

TEST(Compare, SweepsTheThreeAbisAndMore) {
  std::set<uint32_t> architectures;
  std::set<uint32_t> numbers;
  const auto status = sweep(small_spec(), {}, [&](const seccomp_data& call) -> Status {
    architectures.insert(call.arch);
    if (call.arch == AUDIT_ARCH_X86_64) numbers.insert(static_cast<uint32_t>(call.nr));
    return {};
  });
  ASSERT_TRUE(status.has_value());
  EXPECT_TRUE(architectures.contains(AUDIT_ARCH_I386));
  EXPECT_GE(architectures.size(), 4U);
  for (uint32_t number = 0; number < 1024; ++number) {
    ASSERT_TRUE(numbers.contains(number));
    ASSERT_TRUE(numbers.contains(number | kX32Bit));
  }
  EXPECT_TRUE(numbers.contains(0xffffffff) && numbers.contains(0x80000000) && numbers.contains(0x3fffffff));
}

}  // namespace
}  // namespace confide::seccomp
