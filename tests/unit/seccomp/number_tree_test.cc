#include "seccomp/number_tree.h"

#include <gtest/gtest.h>

#include <vector>

namespace confide::seccomp {
namespace {

size_t look_up(const std::vector<NumberRun>& runs, const NumberTree& tree, uint32_t number) {
  const NumberNode* node = &tree.nodes.back();
  while (node->split != 0) node = &tree.nodes[number >= runs[node->split].first ? node->high : node->low];
  for (const size_t exception : node->exceptions)
    if (runs[exception].first == number) return runs[exception].outcome;
  return node->outcome;
}

size_t comparisons(const NumberTree& tree) {
  size_t count = 0;
  for (const NumberNode& node : tree.nodes) count += node.split != 0 ? 1 : node.exceptions.size();
  return count;
}

TEST(NumberTree, OneRunNeedsNoComparison) {
  EXPECT_EQ(comparisons(plan_tree(std::vector<NumberRun>{{0, 1000, 4}}, 100)), 0U);
}

TEST(NumberTree, ASingleNumberInARunCostsOneComparison) {
  const std::vector<NumberRun> runs{{0, 10, 0}, {10, 1, 1}, {11, 500, 0}};
  const NumberTree tree = plan_tree(runs, 100);
  EXPECT_EQ(comparisons(tree), 1U);
  EXPECT_EQ(look_up(runs, tree, 9), 0U);
  EXPECT_EQ(look_up(runs, tree, 10), 1U);
  EXPECT_EQ(look_up(runs, tree, 11), 0U);
}

TEST(NumberTree, ARunOfTwoCostsTwo) {
  EXPECT_EQ(comparisons(plan_tree(std::vector<NumberRun>{{0, 10, 0}, {10, 2, 1}, {12, 500, 0}}, 100)), 2U);
}

TEST(NumberTree, EveryNumberFindsItsRun) {
  std::vector<NumberRun> runs;
  uint32_t state = 7;
  uint32_t next = 0;
  while (next < 600) {
    state = state * 1664525 + 1013904223;
    const uint32_t count = (state >> 28 & 1) != 0 ? 1 : 1 + (state >> 20 & 15);
    runs.push_back({next, count, state >> 24 & 3});
    next += count;
  }
  for (const uint64_t cost : {1UL, 100UL, 1000000UL}) {
    const NumberTree tree = plan_tree(runs, cost);
    for (const NumberRun& run : runs)
      for (uint32_t number = run.first; number < run.first + run.count; ++number)
        ASSERT_EQ(look_up(runs, tree, number), run.outcome) << number;
  }
}

}  // namespace
}  // namespace confide::seccomp
