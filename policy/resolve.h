// Documents, flags and place → the Policy of one run. A pure function: callers hand in texts that they read and parsed;
// nothing here touches a file, the environment or the clock.
//
// Order, later wins: the built-in profile, the `extends` chain from its root, for each name of the chain what
// config.toml and then confide.toml say of it, the flags. A table for a built-in name adds to it. Scalars replace,
// lists append, environment.set and powers go by key; path rules merge as policy/path_rules.h says. Then the
// administrators' bounds: they only narrow, and a run that asks for more is refused (kRefused, naming both lines)
// rather than quietly changed; limits and required layers that a run does not mention are taken on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "policy/document.h"
#include "policy/paths.h"
#include "policy/policy.h"

namespace confide::policy {

// A value as a person typed it, and the flag's name, which becomes the origin: {"2G", "--memory"}.
struct Flag {
  std::string text;
  std::string name;
};

struct Overrides {
  std::optional<Flag> profile;
  std::vector<Flag> reads;
  std::vector<Flag> writes;
  std::vector<Flag> hides;
  std::optional<Flag> network;        // "none" or "host"
  std::vector<Flag> env;              // "NAME" passes the caller's, "NAME=VALUE" sets
  std::optional<Flag> timeout;        // "30s"
  std::optional<Flag> memory;         // "2G"
  std::optional<Flag> pids;           // "256"
  std::optional<Flag> cpu;            // "1.5"
  std::optional<Flag> inner_sandbox;  // "refused" or "allowed"
  std::vector<Flag> powers;           // "ssh-agent": a key of `powers`
};

// What agents' commands may not change, although the profile shows the project writable: what the built-in profile
// `agent` protects. Files and flags win over it, as over any built-in rule.
enum class ForAgents : uint8_t { kNo, kYes };

struct ResolveInput {
  std::vector<Document> administrators;  // Role::kAdministrator, in the order of their names
  std::optional<Document> user;          // Role::kUser
  std::optional<Document> project_file;  // Role::kProject: only if a person trusts it, or named it by --policy
  Overrides flags;
  Place place;
  ForAgents for_agents = ForAgents::kNo;
};

// Errors: kUsage for a flag that is malformed; kRefused for policy that contradicts itself, goes beyond an
// administrator's bound, extends in a circle, or names a profile that is not there (with the nearest name).
Result<Policy> resolve(const ResolveInput& input);

}  // namespace confide::policy
