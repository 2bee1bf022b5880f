#include "seccomp/evaluate.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "tests/unit/seccomp/specs.h"

namespace confide::seccomp {
namespace {

using Program = std::vector<sock_filter>;

constexpr sock_filter kReturnA{BPF_RET | BPF_A, 0, 0, 0};
constexpr sock_filter returns(uint32_t value) { return {BPF_RET | BPF_K, 0, 0, value}; }
constexpr sock_filter op(unsigned code, uint32_t k = 0, uint8_t jt = 0, uint8_t jf = 0) {
  return {static_cast<uint16_t>(code), jt, jf, k};
}

uint32_t run(const Program& program, const seccomp_data& call = call_of(0)) {
  const auto value = evaluate(program, call);
  EXPECT_TRUE(value.has_value()) << (value ? "" : value.error().what);
  return value.value_or(0xbad);
}

void expect_malformed(const Program& program, const std::string& words) {
  const auto value = evaluate(program, call_of(0));
  ASSERT_FALSE(value.has_value()) << words;
  EXPECT_EQ(value.error().kind, ErrorKind::kRefused);
  EXPECT_NE(value.error().what.find(words), std::string::npos) << value.error().what;
}

TEST(Evaluate, LoadsEveryWordOfTheCall) {
  seccomp_data call = call_of(0x11, {0x1111'2222'3333'4444}, 0x77);
  call.instruction_pointer = 0x5555'6666'7777'8888;
  call.args[5] = 0xaaaa'bbbb'cccc'dddd;
  const auto word = [&](uint32_t at) { return run({op(BPF_LD | BPF_W | BPF_ABS, at), kReturnA}, call); };
  EXPECT_EQ(word(0), 0x11U);
  EXPECT_EQ(word(4), 0x77U);
  EXPECT_EQ(word(8), 0x7777'8888U);
  EXPECT_EQ(word(12), 0x5555'6666U);
  EXPECT_EQ(word(16), 0x3333'4444U);
  EXPECT_EQ(word(20), 0x1111'2222U);
  EXPECT_EQ(word(56), 0xcccc'ddddU);
  EXPECT_EQ(word(60), 0xaaaa'bbbbU);
}

TEST(Evaluate, Calculates) {
  const auto with_k = [](unsigned code, uint32_t a, uint32_t k) {
    return run({op(BPF_LD | BPF_IMM, a), op(BPF_ALU | code | BPF_K, k), kReturnA});
  };
  const auto with_x = [](unsigned code, uint32_t a, uint32_t x) {
    return run({op(BPF_LDX | BPF_IMM, x), op(BPF_LD | BPF_IMM, a), op(BPF_ALU | code | BPF_X), kReturnA});
  };
  for (const auto& calculate : {+with_k, +with_x}) {
    EXPECT_EQ(calculate(BPF_ADD, 0xffffffff, 2), 1U);
    EXPECT_EQ(calculate(BPF_SUB, 1, 2), 0xffffffffU);
    EXPECT_EQ(calculate(BPF_MUL, 0x10000, 0x10001), 0x10000U);
    EXPECT_EQ(calculate(BPF_DIV, 17, 5), 3U);
    EXPECT_EQ(calculate(BPF_AND, 0xff0f, 0x0ff0), 0x0f00U);
    EXPECT_EQ(calculate(BPF_OR, 0xf000, 0x000f), 0xf00fU);
    EXPECT_EQ(calculate(BPF_XOR, 0xff00, 0x0ff0), 0xf0f0U);
    EXPECT_EQ(calculate(BPF_LSH, 3, 4), 48U);
    EXPECT_EQ(calculate(BPF_RSH, 48, 4), 3U);
  }
  EXPECT_EQ(with_x(BPF_LSH, 1, 33), 2U);
  EXPECT_EQ(run({op(BPF_LD | BPF_IMM, 5), op(BPF_ALU | BPF_NEG), kReturnA}), 0xfffffffbU);
}

TEST(Evaluate, DivisionByAZeroInXKillsTheThread) {
  EXPECT_EQ(run({op(BPF_LD | BPF_IMM, 5), op(BPF_ALU | BPF_DIV | BPF_X), returns(7)}), SECCOMP_RET_KILL_THREAD);
}

TEST(Evaluate, Jumps) {
  const auto taken = [](unsigned code, uint32_t a, uint32_t k) {
    return run({op(BPF_LD | BPF_IMM, a), op(BPF_JMP | code | BPF_K, k, 0, 1), returns(1), returns(0)}) == 1 &&
           run({op(BPF_LDX | BPF_IMM, k), op(BPF_LD | BPF_IMM, a), op(BPF_JMP | code | BPF_X, 0, 0, 1), returns(1),
                returns(0)}) == 1;
  };
  EXPECT_TRUE(taken(BPF_JEQ, 5, 5));
  EXPECT_FALSE(taken(BPF_JEQ, 5, 6));
  EXPECT_TRUE(taken(BPF_JGE, 5, 5));
  EXPECT_FALSE(taken(BPF_JGE, 0x7fffffff, 0x80000000));  // unsigned
  EXPECT_TRUE(taken(BPF_JGT, 0x80000000, 0x7fffffff));
  EXPECT_FALSE(taken(BPF_JGT, 5, 5));
  EXPECT_TRUE(taken(BPF_JSET, 6, 2));
  EXPECT_FALSE(taken(BPF_JSET, 6, 9));
  EXPECT_EQ(run({op(BPF_JMP | BPF_JA, 1), returns(1), returns(2)}), 2U);
}

TEST(Evaluate, MovesBetweenRegistersAndScratch) {
  EXPECT_EQ(run({op(BPF_LD | BPF_IMM, 9), op(BPF_ST, 15), op(BPF_LD | BPF_IMM, 0), op(BPF_LD | BPF_MEM, 15), kReturnA}),
            9U);
  EXPECT_EQ(run({op(BPF_LDX | BPF_IMM, 8), op(BPF_STX, 0), op(BPF_LDX | BPF_IMM, 0), op(BPF_LDX | BPF_MEM, 0),
                 op(BPF_MISC | BPF_TXA), kReturnA}),
            8U);
  EXPECT_EQ(run({op(BPF_LD | BPF_IMM, 4), op(BPF_MISC | BPF_TAX), op(BPF_LD | BPF_IMM, 3),
                 op(BPF_ALU | BPF_ADD | BPF_X), kReturnA}),
            7U);
  EXPECT_EQ(run({op(BPF_LD | BPF_W | BPF_LEN), kReturnA}), sizeof(seccomp_data));
  EXPECT_EQ(run({op(BPF_LDX | BPF_W | BPF_LEN), op(BPF_MISC | BPF_TXA), kReturnA}), sizeof(seccomp_data));
}

TEST(Evaluate, CountsSteps) {
  const Program program{op(BPF_LD | BPF_W | BPF_ABS, 0), op(BPF_JMP | BPF_JEQ | BPF_K, 5, 1, 0), returns(1),
                        returns(2)};
  const auto evaluator = Evaluator::create(program);
  ASSERT_TRUE(evaluator.has_value());
  EXPECT_EQ(evaluator->steps(call_of(5)), 3U);
}

TEST(Evaluate, RefusesWhatTheKernelRefuses) {
  expect_malformed({}, "an empty program");
  expect_malformed(Program(BPF_MAXINSNS + 1, returns(0)), "longer than BPF_MAXINSNS");
  EXPECT_EQ(run(Program(BPF_MAXINSNS, returns(3))), 3U);
  expect_malformed({op(BPF_LD | BPF_IMM)}, "instruction 0: the end is not a return");
  expect_malformed({op(BPF_LD | BPF_W | BPF_ABS, 64), returns(0)}, "outside of seccomp_data");
  expect_malformed({op(BPF_LD | BPF_W | BPF_ABS, 2), returns(0)}, "outside of seccomp_data");
  expect_malformed({op(BPF_LD | BPF_W | BPF_ABS, 0xfffff000), returns(0)}, "outside of seccomp_data");
  expect_malformed({op(BPF_JMP | BPF_JA, 1), returns(0)}, "instruction 0: jump out of the program");
  expect_malformed({op(BPF_JMP | BPF_JA, 0xffffffff), returns(0)}, "jump out of the program");
  expect_malformed({op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), returns(0)}, "jump out of the program");
  expect_malformed({op(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), returns(0)}, "jump out of the program");
  expect_malformed({returns(0), op(BPF_JMP | BPF_JA, 0)}, "jump out of the program");
  expect_malformed({op(BPF_ALU | BPF_DIV | BPF_K, 0), returns(0)}, "division by 0");
  expect_malformed({op(BPF_ALU | BPF_LSH | BPF_K, 32), returns(0)}, "shift by 32");
  expect_malformed({op(BPF_ALU | BPF_RSH | BPF_K, 99), returns(0)}, "shift by 32");
  expect_malformed({op(BPF_LD | BPF_MEM, 16), returns(0)}, "no such scratch word");
  expect_malformed({op(BPF_ST, 16), returns(0)}, "no such scratch word");
}

TEST(Evaluate, RefusesOpcodesThatSeccompDoesNotKnow) {
  for (const int code : {BPF_LD | BPF_B | BPF_ABS, BPF_LD | BPF_H | BPF_ABS, BPF_LD | BPF_W | BPF_IND,
                         BPF_LDX | BPF_B | BPF_MSH, BPF_ALU | BPF_MOD | BPF_K, BPF_RET | BPF_X, 0xffff})
    expect_malformed({op(static_cast<unsigned>(code)), returns(0)}, "unknown opcode");
}

TEST(Evaluate, RefusesScratchWordsThatSomeWayLeavesUnwritten) {
  expect_malformed({op(BPF_LD | BPF_MEM, 0), returns(0)}, "read before it was written");
  expect_malformed({op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), op(BPF_ST, 0), op(BPF_LD | BPF_MEM, 0), kReturnA},
                   "instruction 2: scratch word read before it was written");
  EXPECT_EQ(run({op(BPF_LD | BPF_IMM, 6), op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), op(BPF_ST, 0), op(BPF_ST, 0),
                 op(BPF_LD | BPF_MEM, 0), kReturnA}),
            6U);
}

// Every single-instruction program, by opcode: either refused or run to its end, never out of bounds (run under
// AddressSanitizer by the asan preset).
TEST(Evaluate, AnyOpcodeIsEitherRefusedOrRuns) {
  unsigned taken = 0;
  for (unsigned code = 0; code <= 0xffff; ++code)
    for (const uint32_t k : {0U, 4U, 31U, 0xffffffffU})
      taken += evaluate(Program{op(code, k), returns(0)}, call_of(1)).has_value() ? 1U : 0U;
  // Loads of words 0 and 4; 16 of lengths and constants; stores to 0 and 4; 8 returns; 8 moves; arithmetic by X and by
  // K without a division by 0 and shifts past 31, and negation; one jump that stays inside; 32 comparisons.
  EXPECT_EQ(taken, 2U + 16U + 4U + 8U + 8U + 36U + (24U + 3U + 6U) + 4U + 1U + 32U);
}

}  // namespace
}  // namespace confide::seccomp
