// Whether a program answers what a spec says, over every system call number that anything tells apart, several
// architectures and swept arguments.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.h"
#include "seccomp/filter_spec.h"

namespace confide::seccomp {

// Calls `visit` with each call of the sweep until it returns an error:
// - numbers 0..1023, the same with the x32 bit, the borders of the number space, and every constant that one of
//   `programs` compares with, one below and one above (between two such constants nothing can change);
// - x86-64 (x32 included), i386 and three foreign architectures;
// - for a number with an argument rule, each argument that it names: every single bit, pair of neighbouring bits and
//   cleared bit, every constant of the programs and its neighbours, every value of the rule with each bit flipped, all
//   with four high halves; 0..0xffff with a changing one; meanwhile the rule's other arguments are noise
//   and each of the rule's own values;
// - for other numbers, arguments that are 0, all ones, and noise.
Status sweep(const FilterSpec& spec, std::span<const std::vector<sock_filter>> programs,
             const std::function<Status(const seccomp_data&)>& visit);

// kInternal, naming the call and both answers, if a program disagrees with decide() anywhere in the sweep.
Status prove_equal(const FilterSpec& spec, std::span<const std::vector<sock_filter>> programs);

}  // namespace confide::seccomp
