// A filter as plain data: what is allowed, what is refused by name, what depends on an argument. `decide` is its
// meaning, in C++; compile.h and coalesce.h turn it into BPF that must agree with `decide` on every input.
#pragma once

#include <linux/seccomp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace confide::seccomp {

enum class ActionKind : uint8_t { kAllow, kErrno, kKillProcess };

struct Action {
  ActionKind kind = ActionKind::kErrno;
  uint16_t errnum = 0;  // with kErrno: 1..4095
  bool operator==(const Action&) const = default;
  auto operator<=>(const Action&) const = default;
};
inline constexpr Action kAllow{ActionKind::kAllow, 0};
inline constexpr Action kKill{ActionKind::kKillProcess, 0};
constexpr Action refuse_with(int errnum) { return {ActionKind::kErrno, static_cast<uint16_t>(errnum)}; }

// The value that a BPF program returns for it (seccomp(2), SECCOMP_RET_*).
uint32_t to_return_value(Action action);

// The low 32 bits of one argument: (argument & mask) is one of `values`. The high half is never looked at, because
// the kernel does not look at it either: every argument tested here is an int, a mode or a legacy clone flag word,
// and a comparison of all 64 bits would let TIOCSTI | 1 << 32 through.
struct ArgumentTest {
  uint8_t argument = 0;  // 0..5
  uint32_t mask = 0xffffffff;
  std::vector<uint32_t> values;
  bool operator==(const ArgumentTest&) const = default;
};

struct Case {
  std::vector<ArgumentTest> all;  // every one holds
  Action action;
  bool operator==(const Case&) const = default;
};

// What depends on arguments: the first case that fits, else `otherwise`.
struct ArgumentRule {
  uint32_t number = 0;
  std::vector<Case> cases;
  Action otherwise;
  std::string meaning;  // one line for people: "requests TIOCSTI … refused with EPERM"
  bool operator==(const ArgumentRule&) const = default;
};

struct Refusal {
  uint32_t number = 0;
  Action action;
  bool operator==(const Refusal&) const = default;
};

struct FilterSpec {
  Action default_action;
  std::vector<uint32_t> allowed;
  std::vector<Refusal> refused;
  std::vector<ArgumentRule> rules;
  bool operator==(const FilterSpec&) const = default;
};

// From here on a system call number belongs to the x32 ABI (asm/unistd.h, __X32_SYSCALL_BIT).
inline constexpr uint32_t kX32Bit = 0x40000000;
// A tracer's "skip this call", seen again by filters since Linux 4.8; not an x32 number, whatever its bits say.
inline constexpr uint32_t kSkippedCall = 0xffffffff;

// An error of kind kInternal that names the call, if a number appears twice or is an x32 number, if a test can never
// hold (a value outside its mask, no value), an argument is past 5 or an errno is out of range.
Status check(const FilterSpec& spec);

// What the filter answers. Foreign architectures and x32 numbers are killed before any table is read.
Action decide(const FilterSpec& spec, const seccomp_data& call);

}  // namespace confide::seccomp
