#include "seccomp/cubes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/seccomp/specs.h"

namespace confide::seccomp {
namespace {

bool holds(const Cube& cube, const seccomp_data& call) {
  return std::ranges::all_of(cube.tests, [&](const CubeTest& test) {
    return (static_cast<uint32_t>(call.args[test.argument]) & test.mask) == test.value;
  });
}

TEST(Cubes, CoverEveryArgumentOnceAndAnswerAsTheRule) {
  const FilterSpec spec = small_spec();
  for (const ArgumentRule& rule : spec.rules) {
    const auto cubes = cubes_of(rule);
    for (uint64_t first = 0; first < 24; ++first)
      for (uint64_t second : {0UL, 0x1000UL, 0x8000UL, 0x9000UL, 0xffffffffUL, 0x1'0000'1fffUL})
        for (uint64_t third : {0UL, 15UL, 16UL, 17UL, 0x80000010UL}) {
          const seccomp_data call = call_of(rule.number, {first, second, third});
          unsigned fitting = 0;
          for (const Cube& cube : cubes) {
            if (!holds(cube, call)) continue;
            ++fitting;
            EXPECT_EQ(cube.action, decide(spec, call));
          }
          EXPECT_EQ(fitting, 1U) << rule.meaning << ": " << first << " " << second << " " << third;
        }
  }
}

TEST(Cubes, ARuleWithoutCasesIsOneCube) {
  const auto cubes = cubes_of({.number = 1, .cases = {}, .otherwise = kAllow, .meaning = ""});
  ASSERT_EQ(cubes.size(), 1U);
  EXPECT_TRUE(cubes[0].tests.empty());
  EXPECT_EQ(cubes[0].action, kAllow);
}

TEST(Cubes, OneArgumentIsTestedOnceInACube) {
  for (const ArgumentRule& rule : small_spec().rules)
    for (const Cube& cube : cubes_of(rule))
      for (size_t i = 1; i < cube.tests.size(); ++i) EXPECT_LT(cube.tests[i - 1].argument, cube.tests[i].argument);
}

}  // namespace
}  // namespace confide::seccomp
