// The finished filters, built and proved at build time (generate_main.cc). Nothing is computed at run time: the
// arrays stand in read-only memory and may be used between clone3 and execve.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace confide::seccomp {

enum class Profile : uint8_t {
  kTool,   // what ordinary programs need
  kAgent,  // the same, and what an inner bubblewrap needs: namespaces and classic mounts
};
inline constexpr Profile kAllProfiles[] = {Profile::kTool, Profile::kAgent};

// Which socket families there are. kLocalOnly is for a run that shall have no network where no network namespace could
// be made: AF_UNIX and nothing else.
enum class Sockets : uint8_t { kInternet, kLocalOnly };
inline constexpr Sockets kAllSockets[] = {Sockets::kInternet, Sockets::kLocalOnly};

constexpr std::string_view name_of(Profile profile) { return profile == Profile::kTool ? "tool" : "agent"; }

struct Summary {
  unsigned allowed = 0;      // calls that can succeed, those that depend on an argument counted in
  unsigned refused = 0;      // calls refused by name, whatever their arguments
  unsigned by_argument = 0;  // of the allowed: those that depend on an argument
  bool operator==(const Summary&) const = default;
};

// For seccomp(SECCOMP_SET_MODE_FILTER); sock_fprog wants a pointer to non-const but the kernel only reads it.
std::span<const sock_filter> program(Profile profile, Sockets sockets = Sockets::kInternet);
Summary summary(Profile profile);  // the same for every choice of sockets

// The broker's own (broker_filter.h).
std::span<const sock_filter> broker_program();

}  // namespace confide::seccomp
