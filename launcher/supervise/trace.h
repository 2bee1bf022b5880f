// The times at which a child's operations began, in memory that it shares with its supervisor.
#pragma once

#include <cstdint>
#include <vector>

#include "launcher/child/frozen_plan.h"
#include "launcher/launcher.h"
#include "launcher/plan/steps.h"

namespace confide::launcher {

// For every operation of a plan; lives as long as the process. Null where there is no memory.
uint64_t* trace_memory();

// How long each step took, in microseconds; `times` in nanoseconds.
std::vector<TraceRow> trace_rows(const LaunchPlan& plan, const child::FrozenPlan& frozen, const uint64_t* times);

}  // namespace confide::launcher
