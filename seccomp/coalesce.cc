#include "seccomp/coalesce.h"

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>

#include "seccomp/assembler.h"
#include "seccomp/number_tree.h"

namespace confide::seccomp {
namespace {

using Label = Assembler::Label;

constexpr uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr uint16_t kAnd = BPF_ALU | BPF_AND | BPF_K;

// One more instruction costs an attach about as much as so many numbers passing one more comparison
// (tests/kernel/seccomp/attach_cost_main.cc).
constexpr uint64_t kInstructionCost = 100;

uint32_t low_half_of(uint8_t argument) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  return static_cast<uint32_t>(offsetof(seccomp_data, args) + sizeof(uint64_t) * argument);
}

bool same_field(const ArgumentTest& a, const ArgumentTest& b) { return a.argument == b.argument && a.mask == b.mask; }

// What is left of the cases once (argument & mask) is known to be `value`, or, with none, to be no value that a test
// of this field names.
ArgumentRule knowing(const ArgumentRule& rule, const ArgumentTest& field, const uint32_t* value) {
  ArgumentRule rest{.number = rule.number, .cases = {}, .otherwise = rule.otherwise, .meaning = {}};
  for (const Case& c : rule.cases) {
    Case left{.all = {}, .action = c.action};
    bool fits = true;
    for (const ArgumentTest& test : c.all) {
      if (!same_field(test, field))
        left.all.push_back(test);
      else if (value == nullptr || std::ranges::find(test.values, *value) == test.values.end())
        fits = false;
    }
    if (!fits) continue;
    if (left.all.empty()) {
      rest.otherwise = c.action;
      return rest;
    }
    rest.cases.push_back(std::move(left));
  }
  return rest;
}

std::vector<uint32_t> values_of(const ArgumentRule& rule, const ArgumentTest& field) {
  std::set<uint32_t> values;
  for (const Case& c : rule.cases)
    for (const ArgumentTest& test : c.all)
      if (same_field(test, field)) values.insert(test.values.begin(), test.values.end());
  return {values.begin(), values.end()};
}

// Each call leaves fewer tests.
Label emit_rule(Assembler& assembler, const ArgumentRule& rule) {  // NOLINT(misc-no-recursion)
  if (rule.cases.empty()) return assembler.ret(to_return_value(rule.otherwise));
  const ArgumentTest& field = rule.cases.front().all.front();
  const auto values = values_of(rule, field);
  Label next = emit_rule(assembler, knowing(rule, field, nullptr));
  if (values.size() == 1 && values[0] == 0) {
    const Label none_set = emit_rule(assembler, knowing(rule, field, values.data()));
    next = assembler.branch(BPF_JSET, field.mask, next, none_set);
  } else {
    for (auto value = values.rbegin(); value != values.rend(); ++value)
      next = assembler.branch(BPF_JEQ, *value, emit_rule(assembler, knowing(rule, field, &*value)), next);
    if (field.mask != 0xffffffff) next = assembler.plain(kAnd, field.mask, next);
  }
  return assembler.plain(kLoad, low_half_of(field.argument), next);
}

// Everything below the x32 numbers as adjacent runs; an outcome is an index of `labels`.
class Runs {
 public:
  explicit Runs(Label by_default) : by_default_(outcome_of(by_default)) {}

  void set(uint32_t number, Label label) { named_[number] = outcome_of(label); }

  std::vector<NumberRun> list() const {
    std::vector<NumberRun> runs;
    const auto add = [&](uint32_t first, uint32_t count, size_t outcome) {
      if (count == 0) return;
      if (!runs.empty() && runs.back().outcome == outcome)
        runs.back().count += count;
      else
        runs.push_back({first, count, outcome});
    };
    uint32_t next = 0;
    for (const auto& [number, outcome] : named_) {
      add(next, number - next, by_default_);
      add(number, 1, outcome);
      next = number + 1;
    }
    add(next, kX32Bit - next, by_default_);
    return runs;
  }
  Label label(size_t outcome) const { return labels_[outcome]; }

 private:
  size_t outcome_of(Label label) {
    const auto at = std::ranges::find(labels_, label);
    if (at != labels_.end()) return static_cast<size_t>(at - labels_.begin());
    labels_.push_back(label);
    return labels_.size() - 1;
  }

  std::vector<Label> labels_;
  std::map<uint32_t, size_t> named_;
  size_t by_default_;
};

Label emit_numbers(Assembler& assembler, const Runs& runs) {
  const auto list = runs.list();
  const NumberTree tree = plan_tree(list, kInstructionCost);
  std::vector<Label> emitted;  // a node's children come before it
  for (const NumberNode& node : tree.nodes) {
    if (node.split != 0) {
      emitted.push_back(assembler.branch(BPF_JGE, list[node.split].first, emitted[node.high], emitted[node.low]));
      continue;
    }
    Label label = runs.label(node.outcome);
    for (auto at = node.exceptions.rbegin(); at != node.exceptions.rend(); ++at)
      label = assembler.branch(BPF_JEQ, list[*at].first, runs.label(list[*at].outcome), label);
    emitted.push_back(label);
  }
  return emitted.back();
}

}  // namespace

Result<std::vector<sock_filter>> coalesce(const FilterSpec& spec) {
  TRY(check(spec));
  Assembler assembler;
  const Label kill = assembler.ret(to_return_value(kKill));
  const Label by_default = assembler.ret(to_return_value(spec.default_action));
  Runs runs(by_default);
  for (const uint32_t number : spec.allowed) runs.set(number, assembler.ret(to_return_value(kAllow)));
  for (const Refusal& refusal : spec.refused) runs.set(refusal.number, assembler.ret(to_return_value(refusal.action)));
  for (const ArgumentRule& rule : spec.rules) runs.set(rule.number, emit_rule(assembler, rule));

  const Label x32 = assembler.branch(BPF_JEQ, kSkippedCall, by_default, kill);
  Label next = emit_numbers(assembler, runs);
  next = assembler.branch(BPF_JGE, kX32Bit, x32, next);
  next = assembler.plain(kLoad, offsetof(seccomp_data, nr), next);
  next = assembler.branch(BPF_JEQ, AUDIT_ARCH_X86_64, next, kill);
  return assembler.finish(assembler.plain(kLoad, offsetof(seccomp_data, arch), next));
}

}  // namespace confide::seccomp
