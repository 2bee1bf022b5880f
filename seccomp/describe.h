// A profile in words, for `explain`, documents and errors.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "seccomp/programs.h"

namespace confide::seccomp {

// "301 syscalls allowed (7 of them by argument), 62 refused by name, default ENOSYS". Cheap: nothing is computed but
// the text.
std::string summary_text(Profile profile, Summary summary);

// Counts of the profile's spec; programs.h has the same numbers without the work.
Summary summary_of(Profile profile);

// The whole profile, a group a paragraph: what is allowed, refused with which errno, or decided by an argument.
std::string listing(Profile profile);
std::string broker_listing();

// "ptrace: refused, EPERM (other processes)". An error of kind kUsage with "did you mean" for a name that the table
// does not know; the filter answers such a call with its default.
Result<std::string> verdict_text(Profile profile, std::string_view name);

}  // namespace confide::seccomp
