// A plan while it is written: its steps with their origins, and the layers that stand or are lost.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "launcher/plan/steps.h"
#include "policy/policy.h"

namespace confide::launcher {

inline constexpr const char* kBuiltIn = "built in";

class PlanWriter {
 public:
  explicit PlanWriter(const policy::Policy& policy) : policy_(policy) {
    constexpr size_t kUsualSteps = 96;
    plan_.steps.reserve(kUsualSteps);
  }

  // A planned layer is required, whatever the policy says: where it fails the launcher plans again without it
  // (launcher.cc), so that what is lost is stated and weighed here, and never passed over.
  void add(Action action, std::string origin, policy::Need need = policy::Need::kRequired,
           std::optional<policy::Layer> layer = {}) {
    plan_.steps.push_back({std::move(action), std::move(origin), need, layer});
  }
  void applied(policy::Layer layer, std::string note = {}) { plan_.layers.push_back({layer, true, std::move(note)}); }
  // A layer that cannot be had: an error if it is required, else a statement.
  Status lost(policy::Layer layer, const std::string& why) {
    if (policy_.need(layer) == policy::Need::kRequired) {
      return Error{ErrorKind::kUnsupported, 0,
                   cat("profile ", policy_.profile, " requires the layer ", policy::name_of(layer),
                       ", which cannot be had here: ", why)};
    }
    plan_.layers.push_back({layer, false, why});
    return {};
  }
  void remark(std::string text) { plan_.remarks.push_back(std::move(text)); }
  void pass(std::string variable) { plan_.environment.push_back(std::move(variable)); }

  LaunchPlan take() { return std::move(plan_); }

 private:
  const policy::Policy& policy_;
  LaunchPlan plan_;
};

}  // namespace confide::launcher
