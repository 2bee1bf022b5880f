#include "launcher/supervise/reports.h"

#include <cerrno>

#include "base/text.h"
#include "launcher/plan/explain.h"

namespace confide::launcher {
namespace {

Error exec_error(const std::string& command, int errnum) {
  const std::string name = printable(command);
  if (errnum == ENOENT) return {ErrorKind::kNotFound, 0, cat(name, ": command not found inside the sandbox")};
  if (errnum == ELIBACC)
    return {ErrorKind::kNotExecutable, 0,
            cat(name, ": its interpreter (the #! line, or a program's loader) is not there inside the sandbox")};
  return {ErrorKind::kNotExecutable, errnum, cat(name, ": cannot be executed inside the sandbox")};
}

}  // namespace

LaunchFailure failure_of(const LaunchPlan& plan, const LaunchRequest& request, const child::Report& report) {
  const bool exec = report.step + 1 == plan.steps.size();
  Error error =
      exec ? exec_error(request.command.argv.front(), report.value)
           : Error{ErrorKind::kLaunch, 0, cat("nothing was launched: ", step_error(plan, report.step, report.value))};
  const auto layer = report.step < plan.steps.size() ? plan.steps[report.step].layer : std::nullopt;
  return {std::move(error), exec ? std::nullopt : layer, report.value};
}

std::optional<Event> event_of(const LaunchPlan& plan, const child::Report& note) {
  if (note.step >= plan.steps.size()) return {};
  const Step& step = plan.steps[note.step];
  const std::string what = step_error(plan, note.step, note.value);
  if (step.layer) return LayerLost{*step.layer, what};
  if (std::holds_alternative<WatchStep>(step.action)) return Remark{cat("masked files are not watched: ", what)};
  if (std::holds_alternative<CoverStep>(step.action)) return Remark{cat("what is not there could be made: ", what)};
  return {};
}

}  // namespace confide::launcher
