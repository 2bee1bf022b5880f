// Policy and facts in, launch plan out. A pure function: no file, no system call, no clock.
#pragma once

#include <span>

#include "base/result.h"
#include "launcher/plan/host_facts.h"
#include "launcher/plan/scene.h"
#include "launcher/plan/steps.h"
#include "policy/policy.h"

namespace confide::launcher {

// Looked at, not owned: all of it outlives the call.
struct BuildInput {
  const policy::Policy& policy;
  const HostFacts& host;
  const Scene& scene;
  const Command& command;
  std::span<const SecretSlot> secrets;
};

// Errors: kUnsupported where a required layer cannot be had here (names layer, cause and cure), kRefused where the
// policy asks for what cannot be, kUsage for an empty command.
Result<LaunchPlan> build(const BuildInput& input);

// The uid that a root caller's sandbox runs as when nobody called sudo: reserved by Debian policy 9.2.2, so no account,
// and outside the ranges of /etc/subuid.
inline constexpr uint32_t kReservedId = 65533;

// Where an empty file ("empty") and, where a folder is masked, an empty folder ("nothing") stand in a sandbox. A
// sandbox that shows the host's whole root has no /run of its own and keeps them in /dev.
inline constexpr const char* kOwnFolder = "/run/confide";
inline constexpr const char* kOwnFolderInWholeRoot = "/dev/.confide";
inline constexpr const char* kSecretsFolder = "/run/secrets";

}  // namespace confide::launcher
