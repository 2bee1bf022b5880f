// Small filters and calls for the tests of this folder.
#pragma once

#include <linux/audit.h>
#include <linux/seccomp.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>

#include "seccomp/filter_spec.h"

namespace confide::seccomp {

inline seccomp_data call_of(uint32_t number, std::initializer_list<uint64_t> arguments = {},
                            uint32_t architecture = AUDIT_ARCH_X86_64) {
  seccomp_data call{.nr = static_cast<int>(number), .arch = architecture, .instruction_pointer = 0, .args = {}};
  size_t i = 0;
  for (const uint64_t argument : arguments) call.args[i++] = argument;
  return call;
}

// 3 and 5 allowed, 4 refused, 7 by two arguments, 9 by masked bits.
inline FilterSpec small_spec() {
  return {
      .default_action = refuse_with(ENOSYS),
      .allowed = {3, 5},
      .refused = {{4, refuse_with(EPERM)}},
      .rules = {
          {.number = 7,
           .cases = {{.all = {{.argument = 0, .values = {1, 2}}, {.argument = 2, .values = {16}}}, .action = kAllow},
                     {.all = {{.argument = 0, .values = {2, 3}}}, .action = refuse_with(EACCES)}},
           .otherwise = refuse_with(EPERM),
           .meaning = "two arguments"},
          {.number = 9,
           .cases = {{.all = {{.argument = 1, .mask = 0xf000, .values = {0x1000, 0x8000}}}, .action = kAllow}},
           .otherwise = refuse_with(EPERM),
           .meaning = "masked"}}};
}

}  // namespace confide::seccomp
