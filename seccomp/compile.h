// FilterSpec → BPF by libseccomp: the reference that coalesce.h is measured against. Needs libseccomp; used by the
// generator and by tests, never by an installed program.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "seccomp/filter_spec.h"

namespace confide::seccomp {

// libseccomp's two layouts (seccomp_attr_set(3), SCMP_FLTATR_CTL_OPTIMIZE 1 and 2).
enum class Layout : uint8_t { kLinear, kTree };

// Errors: kInternal if `spec` does not pass check(), kSystem with libseccomp's errno and the call's name otherwise.
Result<std::vector<sock_filter>> compile_with_libseccomp(const FilterSpec& spec, Layout layout);

// libseccomp's number for a name on x86-64 and the other way round; -1 or "" where it knows none.
int libseccomp_number_of(const char* name);
std::string libseccomp_name_of(int number);

}  // namespace confide::seccomp
