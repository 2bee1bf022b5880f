// One run from its first process to its last: the event loop of a supervisor.
#pragma once

#include <functional>

#include "launcher/launcher.h"
#include "launcher/plan/steps.h"
#include "launcher/supervise/mask_watch.h"
#include "launcher/supervise/spawn.h"
#include "launcher/supervise/stdio.h"

namespace confide::launcher {

struct RunInput {
  const LaunchPlan& plan;
  const LaunchRequest& request;
  const LaunchHooks& hooks;
  const Stdio& stdio;
  MaskWatch* masks = nullptr;        // null: nothing is watched
  std::function<void()> background;  // in a process of its own while the command runs; empty: nothing
};
std::expected<Outcome, LaunchFailure> run(const RunInput& input);

}  // namespace confide::launcher
