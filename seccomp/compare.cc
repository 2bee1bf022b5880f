#include "seccomp/compare.h"

#include <linux/audit.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "seccomp/evaluate.h"
#include "seccomp/groups.h"

namespace confide::seccomp {
namespace {

constexpr uint32_t kArchitectures[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM,
                                       AUDIT_ARCH_RISCV64};
constexpr uint64_t kHighHalves[] = {0, 1, 0x80000000, 0xffffffff};
constexpr uint64_t kNoise = 0xa5a5'5a5a'1234'fedc;

using Programs = std::span<const std::vector<sock_filter>>;

std::set<uint32_t> constants_of(Programs programs) {
  std::set<uint32_t> constants;
  for (const auto& program : programs)
    for (const sock_filter& i : program)
      if (BPF_CLASS(i.code) == BPF_JMP && BPF_OP(i.code) != BPF_JA) constants.insert(i.k);
  return constants;
}

std::set<uint32_t> numbers_of(Programs programs) {
  std::set<uint32_t> numbers;
  for (uint32_t n = 0; n < 1024; ++n) numbers.insert({n, n | kX32Bit});
  for (const uint32_t border : {0x3fffffffU, kX32Bit, 0x7fffffffU, 0x80000000U, 0xbfffffffU, 0xc0000000U, 0xffffffffU})
    numbers.insert({border - 1, border, border + 1});
  for (const uint32_t constant : constants_of(programs)) numbers.insert({constant - 1, constant, constant + 1});
  for (uint32_t bit = 0; bit < 32; ++bit) numbers.insert(1U << bit);
  return numbers;
}

std::vector<uint32_t> values_of(const ArgumentRule& rule, uint8_t argument) {
  std::vector<uint32_t> values;
  for (const Case& c : rule.cases)
    for (const ArgumentTest& test : c.all)
      if (test.argument == argument) values.insert(values.end(), test.values.begin(), test.values.end());
  return values;
}

// Bits, borders, what the programs compare with, and the rule's values with each bit flipped.
std::set<uint32_t> telling_words(const ArgumentRule& rule, uint8_t argument, Programs programs) {
  std::set<uint32_t> words{0, 0x7fffffff, 0xffff0000, 0xffffffff};
  for (uint32_t bit = 0; bit < 32; ++bit) words.insert({1U << bit, 3U << bit, ~(1U << bit)});
  for (const uint32_t constant : constants_of(programs)) words.insert({constant - 1, constant, constant + 1});
  for (const uint32_t value : values_of(rule, argument)) {
    words.insert({value - 1, value, value + 1});
    for (uint32_t bit = 0; bit < 32; ++bit) words.insert(value ^ (1U << bit));
  }
  return words;
}

using Visit = std::function<Status(const seccomp_data&)>;

Status sweep_argument(seccomp_data call, uint8_t argument, const std::set<uint32_t>& words, const Visit& visit) {
  for (const uint32_t word : words)
    for (const uint64_t high : kHighHalves) {
      call.args[argument] = high << 32 | word;
      TRY(visit(call));
    }
  for (uint32_t word = 0; word <= 0xffff; ++word) {
    call.args[argument] = (uint64_t{word} * 0x9e3779b1) << 32 | word;
    TRY(visit(call));
  }
  return {};
}

Status sweep_rule(const ArgumentRule& rule, Programs programs, const seccomp_data& call, const Visit& visit) {
  std::set<uint8_t> arguments;
  for (const Case& c : rule.cases)
    for (const ArgumentTest& test : c.all) arguments.insert(test.argument);
  for (const uint8_t swept : arguments) {
    // The other arguments are noise, then each of the rule's own values, so that the swept one decides where it can.
    std::vector<seccomp_data> bases{call};
    for (const uint8_t other : arguments) {
      if (other == swept) continue;
      const auto before = bases;
      for (seccomp_data base : before)
        for (const uint32_t value : values_of(rule, other)) {
          base.args[other] = value;
          bases.push_back(base);
        }
    }
    const auto words = telling_words(rule, swept, programs);
    for (const seccomp_data& base : bases) TRY(sweep_argument(base, swept, words, visit));
  }
  return {};
}

std::string in_words(const seccomp_data& call) {
  const auto number = static_cast<uint32_t>(call.nr);
  std::string text = cat("call ", number, " (", name_of_number(number), ") of architecture ", call.arch, " with");
  for (const uint64_t argument : call.args) text += cat(" ", argument);
  return text;
}

}  // namespace

Status sweep(const FilterSpec& spec, Programs programs, const Visit& visit) {
  const auto numbers = numbers_of(programs);
  for (const uint32_t architecture : kArchitectures)
    for (const uint32_t number : numbers)
      for (const uint64_t argument : {uint64_t{0}, ~uint64_t{0}, kNoise}) {
        seccomp_data call{
            .nr = static_cast<int>(number), .arch = architecture, .instruction_pointer = kNoise, .args = {}};
        std::ranges::fill(call.args, argument);
        TRY(visit(call));
      }
  for (const ArgumentRule& rule : spec.rules) {
    seccomp_data call{
        .nr = static_cast<int>(rule.number), .arch = AUDIT_ARCH_X86_64, .instruction_pointer = 0, .args = {}};
    std::ranges::fill(call.args, kNoise);
    TRY(sweep_rule(rule, programs, call, visit));
  }
  return {};
}

Status prove_equal(const FilterSpec& spec, Programs programs) {
  std::vector<Evaluator> evaluators;
  for (const auto& program : programs) evaluators.push_back(TRY(Evaluator::create(program)));
  return sweep(spec, programs, [&](const seccomp_data& call) -> Status {
    const uint32_t expected = to_return_value(decide(spec, call));
    for (size_t i = 0; i < evaluators.size(); ++i) {
      const uint32_t answer = evaluators[i].run(call);
      if (answer != expected)
        return Error{
            ErrorKind::kInternal, 0,
            cat("seccomp: program ", i, " answers ", answer, " instead of ", expected, " to ", in_words(call))};
    }
    return {};
  });
}

}  // namespace confide::seccomp
