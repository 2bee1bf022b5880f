#include "seccomp/cubes.h"

#include <bit>
#include <optional>
#include <utility>

namespace confide::seccomp {
namespace {

// Bits of an argument that are fixed so far.
struct Known {
  uint32_t mask = 0;
  uint32_t value = 0;
};

enum class Fit : uint8_t { kNever, kAlways, kOpen };

// Whether the test holds for every, no or some argument with these bits.
Fit fit(const ArgumentTest& test, Known known) {
  bool possible = false;
  for (const uint32_t value : test.values) {
    if (((value ^ known.value) & known.mask & test.mask) != 0) continue;
    if ((test.mask & ~known.mask) == 0) return Fit::kAlways;
    possible = true;
  }
  return possible ? Fit::kOpen : Fit::kNever;
}

// Drops cases and tests that are decided once `argument` is known to be in `known`; stops at a case that always fits.
ArgumentRule narrowed(const ArgumentRule& rule, uint8_t argument, Known known) {
  ArgumentRule rest{.number = rule.number, .cases = {}, .otherwise = rule.otherwise, .meaning = {}};
  for (const Case& c : rule.cases) {
    Case left{.all = {}, .action = c.action};
    bool never = false;
    for (const ArgumentTest& test : c.all) {
      const Fit f = test.argument == argument ? fit(test, known) : Fit::kOpen;
      if (f == Fit::kNever) never = true;
      if (f == Fit::kOpen) left.all.push_back(test);
    }
    if (never) continue;
    if (left.all.empty()) {
      rest.otherwise = c.action;
      return rest;
    }
    rest.cases.push_back(std::move(left));
  }
  return rest;
}

// The highest bit of `argument` that some open test still asks for.
std::optional<uint32_t> next_bit(const ArgumentRule& rule, uint8_t argument, Known known) {
  uint32_t asked = 0;
  for (const Case& c : rule.cases)
    for (const ArgumentTest& test : c.all)
      if (test.argument == argument) asked |= test.mask & ~known.mask;
  if (asked == 0) return std::nullopt;
  return std::bit_floor(asked);
}

class Splitter {
 public:
  // Each call knows one bit more, or begins the next of six arguments.
  void split(const ArgumentRule& rule, uint8_t argument, Known known) {  // NOLINT(misc-no-recursion)
    if (rule.cases.empty() || argument > 5) {
      cubes_.push_back({.tests = with(argument, known), .action = rule.otherwise});
      return;
    }
    const auto bit = next_bit(rule, argument, known);
    if (!bit) {
      const auto before = fixed_;
      fixed_ = with(argument, known);
      split(rule, static_cast<uint8_t>(argument + 1), {});
      fixed_ = before;
      return;
    }
    for (const uint32_t value : {0U, *bit}) {
      const Known more{.mask = known.mask | *bit, .value = known.value | value};
      split(narrowed(rule, argument, more), argument, more);
    }
  }
  std::vector<Cube> take() { return std::move(cubes_); }

 private:
  std::vector<CubeTest> with(uint8_t argument, Known known) const {
    auto tests = fixed_;
    if (known.mask != 0) tests.push_back({argument, known.mask, known.value});
    return tests;
  }

  std::vector<CubeTest> fixed_;  // earlier arguments
  std::vector<Cube> cubes_;
};

}  // namespace

std::vector<Cube> cubes_of(const ArgumentRule& rule) {
  Splitter splitter;
  splitter.split(rule, 0, {});
  return splitter.take();
}

}  // namespace confide::seccomp
