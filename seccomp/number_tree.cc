#include "seccomp/number_tree.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace confide::seccomp {
namespace {

// Numbers that the kernel tries when it fills its cache (NR_syscalls, rounded up); what lies above is never called.
constexpr uint32_t kTriedNumbers = 512;

struct Choice {
  uint64_t cost = std::numeric_limits<uint64_t>::max();
  size_t split = 0;      // 0: a chain
  size_t remaining = 0;  // of a chain: the outcome of what no exception names
};

class Planner {
 public:
  Planner(std::span<const NumberRun> runs, uint64_t instruction_cost)
      : runs_(runs), instruction_cost_(instruction_cost) {
    for (const NumberRun& run : runs_) outcomes_.insert(run.outcome);
    best_.assign(runs_.size() * (runs_.size() + 1), Choice{});
    for (size_t length = 1; length <= runs_.size(); ++length)
      for (size_t begin = 0; begin + length <= runs_.size(); ++begin) choose(begin, begin + length);
  }

  NumberTree tree() {
    build(0, runs_.size());
    return std::move(tree_);
  }

 private:
  Choice& best(size_t begin, size_t end) { return best_[begin * (runs_.size() + 1) + end]; }

  // How many of the run's numbers the kernel tries.
  uint64_t tried(const NumberRun& run) const {
    if (run.first >= kTriedNumbers) return 0;
    return std::min(run.count, kTriedNumbers - run.first);
  }
  uint64_t tried(size_t begin, size_t end) const {
    uint64_t sum = 0;
    for (size_t i = begin; i < end; ++i) sum += tried(runs_[i]);
    return sum;
  }

  // A chain works where every run with another outcome is a single number.
  std::optional<uint64_t> chain_cost(size_t begin, size_t end, size_t remaining, uint64_t numbers) const {
    uint64_t cost = 0;
    for (size_t i = begin; i < end; ++i) {
      if (runs_[i].outcome == remaining) continue;
      if (runs_[i].count != 1) return std::nullopt;
      cost += instruction_cost_ + numbers;
      numbers -= tried(runs_[i]);
    }
    return cost;
  }

  void choose(size_t begin, size_t end) {
    Choice& choice = best(begin, end);
    const uint64_t numbers = tried(begin, end);
    for (const size_t outcome : outcomes_) {
      const auto cost = chain_cost(begin, end, outcome, numbers);
      if (cost && *cost < choice.cost) choice = {*cost, 0, outcome};
    }
    for (size_t split = begin + 1; split < end; ++split) {
      const uint64_t cost = instruction_cost_ + numbers + best(begin, split).cost + best(split, end).cost;
      if (cost < choice.cost) choice = {cost, split, 0};
    }
  }

  // Each call has fewer runs.
  size_t build(size_t begin, size_t end) {  // NOLINT(misc-no-recursion)
    const Choice choice = best(begin, end);
    NumberNode node{.begin = begin, .end = end, .split = choice.split, .outcome = choice.remaining};
    if (choice.split != 0) {
      node.high = build(choice.split, end);
      node.low = build(begin, choice.split);
    } else {
      for (size_t i = begin; i < end; ++i)
        if (runs_[i].outcome != choice.remaining) node.exceptions.push_back(i);
    }
    tree_.nodes.push_back(std::move(node));
    return tree_.nodes.size() - 1;
  }

  std::span<const NumberRun> runs_;
  uint64_t instruction_cost_;
  std::set<size_t> outcomes_;
  std::vector<Choice> best_;
  NumberTree tree_;
};

}  // namespace

NumberTree plan_tree(std::span<const NumberRun> runs, uint64_t instruction_cost) {
  return Planner(runs, instruction_cost).tree();
}

}  // namespace confide::seccomp
