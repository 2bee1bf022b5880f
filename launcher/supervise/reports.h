// What a child's report means to whoever waits for the run: the error that ends it, or what is said of it.
#pragma once

#include <optional>

#include "launcher/child/control.h"
#include "launcher/launcher.h"
#include "launcher/supervise/run.h"

namespace confide::launcher {

// Of kFailed: a step, or (the last) the command's execve.
LaunchFailure failure_of(const LaunchPlan& plan, const LaunchRequest& request, const child::Report& report);

// Of kNote: nothing for a step that is none of the plan's.
std::optional<Event> event_of(const LaunchPlan& plan, const child::Report& note);

}  // namespace confide::launcher
