// From a plan to a process: detached mounts, freeze, clone3, id maps.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "launcher/plan/freeze.h"
#include "launcher/plan/steps.h"

namespace confide::launcher {

// The child of a launch. Destroying it kills and reaps, so that no path out leaves a process behind.
class [[nodiscard]] Spawned {
 public:
  Spawned(int pid, UniqueFd pidfd, UniqueFd control, std::unique_ptr<FrozenLaunch> frozen);
  Spawned(Spawned&& other) noexcept;
  Spawned& operator=(Spawned&& other) noexcept;
  ~Spawned();

  int pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }
  int control() const { return control_.get(); }
  const FrozenLaunch& frozen_launch() const { return *frozen_; }
  void kill_all();
  // Waits for the end; idempotent.
  void reap();

 private:
  int pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd control_;
  std::unique_ptr<FrozenLaunch> frozen_;
};

// A launch that failed before the command ran, and what it proved about the host, so that the caller can plan again.
struct LaunchFailure {
  Error error;
  std::optional<policy::Layer> disproved = {};
  int errnum = 0;
  std::string path = {};  // kIdmap: canonical, the one that cannot be mapped; empty: none can
};

struct SpawnInput {
  const LaunchPlan& plan;
  int stdio[3];  // -1: the sandbox's pty
  uint64_t* trace = nullptr;
  int cgroup_fd = -1;
};
std::expected<Spawned, LaunchFailure> spawn(const SpawnInput& input);

}  // namespace confide::launcher
