// What each of our profiles allows and refuses, as a FilterSpec. docs/seccomp.md gives the reasons in tables;
// tests/golden/seccomp-*.txt is the whole of it in words.
#pragma once

#include "seccomp/filter_spec.h"
#include "seccomp/programs.h"

namespace confide::seccomp {

FilterSpec filter_of(Profile profile, Sockets sockets = Sockets::kInternet);

}  // namespace confide::seccomp
