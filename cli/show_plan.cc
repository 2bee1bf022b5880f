#include "cli/show_plan.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "broker/client.h"
#include "cli/print.h"
#include "cli/secret_run.h"
#include "launcher/plan/explain.h"

namespace confide::cli {
namespace {

std::string text_of(const launcher::LaunchPlan& plan, const std::vector<policy::Removed>& removed) {
  std::string out = launcher::explain(plan);
  for (const policy::Removed& variable : removed)
    out += cat("taken out of the environment: ", printable(variable.name), " (", variable.reason, ")\n");
  return out;
}

std::string json_of(const launcher::LaunchPlan& plan, const std::vector<policy::Removed>& removed) {
  using nlohmann::ordered_json;
  ordered_json steps = ordered_json::array();
  for (const launcher::Step& step : plan.steps) {
    const launcher::StepText text = launcher::describe(step.action);
    steps.push_back({{"step", text.verb}, {"what", text.text}, {"origin", step.origin}});
  }
  ordered_json layers = ordered_json::array();
  for (const launcher::LayerState& layer : plan.layers)
    layers.push_back({{"layer", policy::name_of(layer.layer)}, {"applied", layer.applied}, {"note", layer.note}});
  ordered_json out = ordered_json::array();
  for (const policy::Removed& variable : removed) out.push_back({{"name", variable.name}, {"reason", variable.reason}});
  const ordered_json object = {{"steps", steps}, {"layers", layers}, {"environment_removed", out}};
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<int> show_plan(Prepared prepared, const RunOptions& options, int environ_fd) {
  if (prepared.secrets == policy::CarriesSecrets::kYes) {
    const auto described = TRY(broker::describe(secret_run(options, prepared), environ_fd));
    for (const supervisor::SlotText& secret : described.secrets)
      prepared.request.secrets.push_back({secret.name, secret.deliver, secret.origin, secret.path});
    for (const std::string& warning : described.warnings) warn(warning);
  }
  // Not the hot path's guess: a launch would find out what is impossible and plan anew.
  prepared.request.host = launcher::host_facts_by_trying();
  const launcher::LaunchPlan plan = TRY(launcher::plan_launch(prepared.request));
  return put(options.form == Form::kJson ? json_of(plan, prepared.removed) : text_of(plan, prepared.removed)) ? 0 : 125;
}

}  // namespace confide::cli
