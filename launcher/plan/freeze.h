// Launch plan → what the child executes: every string, array and number in place, so that nothing is computed or
// allocated between clone3 and execve.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "launcher/child/frozen_plan.h"
#include "launcher/plan/steps.h"

namespace confide::launcher {

// Descriptors that exist only at launch.
struct LaunchDescriptors {
  int control = -1;
  int supervisor = -1;          // the supervisor's end of it
  int stdio[3] = {0, 1, 2};     // -1: becomes the sandbox's pty
  std::map<size_t, int> trees;  // step index → detached mount
  std::span<char> wipe;         // memory of the launcher's that the child zeroes in its copy
  uint64_t* trace = nullptr;
};

// Owns what its plan points into and the launch plan does not hold, which must outlive it; not movable, so that nothing
// can dangle.
class FrozenLaunch {
 public:
  static Result<std::unique_ptr<FrozenLaunch>> freeze(const LaunchPlan& plan, const LaunchDescriptors& descriptors);

  FrozenLaunch(const FrozenLaunch&) = delete;
  FrozenLaunch& operator=(const FrozenLaunch&) = delete;

  const child::FrozenPlan& plan() const { return frozen_; }
  uint64_t namespaces() const { return namespaces_; }
  // Set where the parent writes the id maps.
  const std::optional<IdentityStep>& parent_maps() const { return parent_maps_; }

 private:
  friend class Freezer;
  FrozenLaunch() = default;

  std::deque<std::string> strings_;
  std::vector<child::FrozenOp> ops_;
  std::deque<std::vector<child::LandlockRule>> rules_;
  std::vector<const char*> candidates_;
  std::vector<char*> argv_;
  std::vector<char*> shell_argv_;
  std::vector<char*> envp_;
  child::FrozenPlan frozen_{};
  uint64_t namespaces_ = 0;
  std::optional<IdentityStep> parent_maps_;
};

}  // namespace confide::launcher
