// The plan as a person reads it: one numbered line a step, with its origin. Also as JSON for programs. Never a value.
#pragma once

#include <string>
#include <string_view>

#include "launcher/plan/steps.h"

namespace confide::launcher {

// The step's verb ("bind", "landlock", …) and what it says, without number and origin.
struct StepText {
  std::string verb;
  std::string text;
};
StepText describe(const Action& action);

// Numbered lines, then the layers: what is applied and what is lost.
std::string explain(const LaunchPlan& plan);

// "step 5, bind /usr -> /usr (ro): Permission denied"
std::string step_error(const LaunchPlan& plan, size_t step, int errnum);

}  // namespace confide::launcher
