// Looks up, once and by descriptor, what a plan needs to know of the caller and of the files that its policy names.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "launcher/plan/scene.h"
#include "policy/policy.h"

namespace confide::launcher {

// One path: opened with O_PATH, its real name read back from the descriptor. A missing path is a fact, not an error.
PathFact look_at(const std::string& path);

enum class HomeFrom : uint8_t {
  kEnvironment,  // $HOME where it is set and absolute: a person's own run
  kAccount,      // /etc/passwd only: a request of an agent's
};
// Who calls, from where. Errors: kRefused if the program runs with borrowed rights (setuid), kSystem.
Result<Caller> look_at_caller(HomeFrom home_from);

// The nearest folder at or above the working directory that holds .git or confide.toml; never /, a home or what holds
// one, never a folder of another user's (unless the caller is root).
std::optional<PathFact> find_project(const Caller& caller, const std::string& account_home);

// The home that /etc/passwd gives to `uid`; empty if none. Read as a file: a static program has no NSS.
std::string account_home(uint32_t uid);

// The rest of the scene for this policy.
Scene survey(const policy::Policy& policy, Caller caller);

}  // namespace confide::launcher
