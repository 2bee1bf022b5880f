// FilterSpec → the shortest BPF we know how to make: the architecture, x32, then a tree over runs of numbers with one
// answer, argument rules at its leaves, equal tails shared. Attaching costs by length and by how many instructions
// the kernel runs for each number (it tries them all to fill its cache of always-allowed calls, kernel/seccomp.c
// seccomp_cache_prepare); both are what the tree minimises.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/result.h"
#include "seccomp/filter_spec.h"

namespace confide::seccomp {

// Errors of kind kInternal: `spec` does not pass check(), or the program is longer than conditional jumps reach.
Result<std::vector<sock_filter>> coalesce(const FilterSpec& spec);

}  // namespace confide::seccomp
