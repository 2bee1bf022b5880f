// A child process with a shipped filter attached (or none), one function run in it, and how it ended.
#pragma once

#include <functional>
#include <optional>
#include <ostream>

#include "seccomp/programs.h"

namespace confide::seccomp {

// What a call did: 0, an errno, or the signal that killed the process.
struct Ending {
  int errnum = 0;
  int signal = 0;
  bool operator==(const Ending&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Ending& ending);

// Runs `call` in a fork of its own, after no_new_privs and, with a profile, its filter. `call` returns 0 or an errno
// (at most 250). A child that could not attach ends with errnum 255.
Ending ending_of(std::optional<Profile> profile, const std::function<int()>& call);

// errno if `result` is -1, else 0.
int errno_if_failed(long result);

// The command by PATH, its output dropped; its exit status as errnum (127 where it does not exist);
// SIGALRM after 40 seconds.
Ending run_command(std::optional<Profile> profile, const char* const* argv);

}  // namespace confide::seccomp
