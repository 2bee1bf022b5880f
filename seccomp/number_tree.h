// Plans how to tell runs of system call numbers apart with the fewest comparisons. Pure; knows nothing of BPF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace confide::seccomp {

// Neighbouring numbers with one outcome; `outcome` is the caller's index of what happens then.
struct NumberRun {
  uint32_t first = 0;
  uint32_t count = 0;
  size_t outcome = 0;
  bool operator==(const NumberRun&) const = default;
};

// A node decides among the runs [begin, end). With `split` (an index of a run) it compares: numbers from that run's
// first on go to `high`, the others to `low`. Without, it is a chain: each single number of `exceptions` (indices of
// runs) is tested for equality, and what remains has `outcome`.
struct NumberNode {
  size_t begin = 0;
  size_t end = 0;
  size_t split = 0;  // 0: a chain (a split at 0 would leave nothing low)
  size_t low = 0;    // indices of nodes
  size_t high = 0;
  std::vector<size_t> exceptions;
  size_t outcome = 0;
};

// `root` is the last node.
struct NumberTree {
  std::vector<NumberNode> nodes;
};

// The cheapest tree over `runs`, which must be adjacent, ascending and not empty, where an instruction costs
// `instruction_cost` and every number below 512 costs 1 for each comparison that it meets.
NumberTree plan_tree(std::span<const NumberRun> runs, uint64_t instruction_cost);

}  // namespace confide::seccomp
