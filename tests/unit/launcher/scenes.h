// Hosts, callers and policies for tests of plans, and what those look at: no kernel, no file but the golden ones.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/sys.h"
#include "launcher/plan/build.h"
#include "launcher/plan/explain.h"
#include "policy/paths.h"

namespace confide::launcher {

inline HostFacts modern_host() { return {.kernel_release = "6.12.0", .landlock_abi = 7}; }

inline PathFact folder(const std::string& path, uint32_t owner = 1000) {
  return {.requested = path,
          .canonical = path,
          .kind = FileKind::kFolder,
          .device = 1,
          .inode = std::hash<std::string>{}(path),
          .owner = owner,
          .group = owner};
}
inline PathFact file(const std::string& path, uint32_t owner = 1000) {
  PathFact fact = folder(path, owner);
  fact.kind = FileKind::kFile;
  return fact;
}

// An ordinary user in a project below the home.
inline Caller user_in_project() {
  return {.ids = {1000, 1000},
          .home = folder("/home/me"),
          .cwd = folder("/home/me/shop"),
          .project = folder("/home/me/shop")};
}
inline Caller root_in_project() {
  return {.ids = {0, 0},
          .privilege = Privilege::kRoot,
          .home = folder("/root", 0),
          .cwd = folder("/root/shop", 0),
          .project = folder("/root/shop", 0)};
}

inline policy::Policy tool_policy() {
  policy::Policy policy;
  policy.profile_origin = {"profile tool (built in)"};
  policy.needs[policy::Layer::kSeccomp] = policy::Need::kRequired;
  return policy;
}

// What a BuildInput looks at.
struct Given {
  policy::Policy policy;
  HostFacts host;
  Scene scene;
  Command command;
  std::vector<SecretSlot> secrets;

  // NOLINTNEXTLINE(google-explicit-constructor): it is one, with what it looks at
  operator BuildInput() const { return {policy, host, scene, command, secrets}; }
};

inline Given input_for(Caller caller, policy::Policy policy = tool_policy()) {
  return {.policy = std::move(policy),
          .host = modern_host(),
          .scene = {.caller = std::move(caller),
                    .system = {{"/usr", ""}, {"/bin", "usr/bin"}, {"/etc", ""}},
                    .paths = {},
                    .masks = {},
                    .resolver = {}},
          .command = {{"make", "test"}, {"PATH=/usr/bin:/bin", "LANG=C"}},
          .secrets = {}};
}

// Adds a rule of a person's and what was found there.
inline void add_path(Given& input, PathFact fact, policy::Access access,
                     policy::IfMissing missing = policy::IfMissing::kError) {
  input.policy.paths.push_back({fact.requested, access, missing, {"--flag"}});
  input.scene.paths.push_back(std::move(fact));
}

// The first step of the kind.
template <class Action>
std::optional<Action> find(const LaunchPlan& plan) {
  for (const Step& step : plan.steps)
    if (std::holds_alternative<Action>(step.action)) return std::get<Action>(step.action);
  return std::nullopt;
}
template <class Action>
std::vector<Action> find_all(const LaunchPlan& plan) {
  std::vector<Action> all;
  for (const Step& step : plan.steps)
    if (std::holds_alternative<Action>(step.action)) all.push_back(std::get<Action>(step.action));
  return all;
}
template <class Action>
size_t index_of(const LaunchPlan& plan) {
  for (size_t i = 0; i < plan.steps.size(); ++i)
    if (std::holds_alternative<Action>(plan.steps[i].action)) return i;
  return plan.steps.size();
}

inline LayerState state_of(const LaunchPlan& plan, policy::Layer layer) {
  for (const LayerState& state : plan.layers)
    if (state.layer == layer) return state;
  ADD_FAILURE() << "the plan says nothing of " << name_of(layer);
  return {};
}

inline std::string bind_text(const LaunchPlan& plan) {
  std::string out;
  for (const BindStep& bind : find_all<BindStep>(plan)) out += describe(Action(bind)).text + "\n";
  return out;
}

// The plan must read as the golden file does; CONFIDE_UPDATE_GOLDEN=1 writes it anew.
inline void expect_golden(const LaunchPlan& plan, const std::string& name) {
  const std::string path = std::string(CONFIDE_SOURCE_DIR) + "/tests/golden/" + name;
  const std::string now = explain(plan);
  if (std::getenv("CONFIDE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << now;
  EXPECT_EQ(now, sys::read_file(path, 1 << 20).value()) << path;
}

// What the rules of a Landlock domain grant at `path`: those of the folders above add up.
inline uint64_t granted(const LandlockStep& step, std::string_view path) {
  uint64_t access = 0;
  for (const LandlockPath& rule : step.rules)
    if (policy::is_within(path, rule.path)) access |= rule.access;
  return access;
}

}  // namespace confide::launcher
