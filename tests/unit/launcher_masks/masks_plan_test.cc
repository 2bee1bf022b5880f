// How masks stand in a plan.
#include <gtest/gtest.h>

#include <optional>

#include "launcher/plan/build.h"
#include "launcher/plan/explain.h"
#include "launcher/plan/freeze.h"
#include "tests/unit/launcher/scenes.h"

namespace confide::launcher {
namespace {

constexpr const char* kProject = "/home/me/shop";

Given masked_project(std::vector<std::string> names) {
  Given input = input_for(user_in_project());
  input.policy.masks.origin = {"confide.toml:9"};
  for (const std::string& name : names) input.scene.masks.push_back(file(std::string(kProject) + "/" + name));
  input.scene.mask_search.watched = kProject;
  return input;
}

std::vector<std::string> mask_paths(const LaunchPlan& plan) {
  std::vector<std::string> paths;
  for (const MaskStep& mask : find_all<MaskStep>(plan))
    if (mask.reason == MaskReason::kMasked) paths.push_back(mask.path);
  return paths;
}

size_t index_of(const LaunchPlan& plan, auto is) {
  size_t i = 0;
  while (i < plan.steps.size() && !is(plan.steps[i].action)) ++i;
  return i;
}

TEST(MaskPlan, AMaskIsAStepWithItsOriginAndItsFailureAFailure) {
  const LaunchPlan plan = build(masked_project({".env", "secrets/a.pem"})).value();
  EXPECT_EQ(mask_paths(plan), (std::vector<std::string>{"/home/me/shop/.env", "/home/me/shop/secrets/a.pem"}));
  for (const Step& step : plan.steps) {
    const auto* mask = std::get_if<MaskStep>(&step.action);
    if (mask == nullptr || mask->reason != MaskReason::kMasked) continue;
    EXPECT_EQ(step.origin, "confide.toml:9");
    EXPECT_EQ(step.need, policy::Need::kRequired);
  }
  EXPECT_NE(explain(plan).find("mask        /home/me/shop/.env"), std::string::npos);
}

TEST(MaskPlan, CoversAFileWhereverItShows) {
  Given input = masked_project({".env"});
  PathFact link = folder(kProject);
  link.requested = "/home/me/link";
  add_path(input, link, policy::Access::kRead);
  EXPECT_EQ(mask_paths(build(input).value()), (std::vector<std::string>{"/home/me/link/.env", "/home/me/shop/.env"}));
}

TEST(MaskPlan, LeavesOutWhatIsNotShown) {
  Given input = masked_project({".env", "private/.env"});
  add_path(input, folder("/home/me/shop/private"), policy::Access::kHide);
  EXPECT_EQ(mask_paths(build(input).value()), std::vector<std::string>{"/home/me/shop/.env"});
}

TEST(MaskPlan, OfTheWholeRootCoversTheProjectInIt) {
  Given input = masked_project({".env"});
  input.policy.system = policy::System::kWholeRoot;
  input.policy.project = policy::Project::kAbsent;
  const LaunchPlan plan = build(input).value();
  EXPECT_EQ(mask_paths(plan), std::vector<std::string>{"/home/me/shop/.env"});
  EXPECT_EQ(find<WatchStep>(plan)->empty, "/dev/.confide/empty");
}

TEST(MaskPlan, NamesTheNamespaceBeforeTheOldProcIsCovered) {
  for (Caller caller : {user_in_project(), root_in_project()}) {
    Given input = input_for(std::move(caller));
    input.scene.mask_search.watched = kProject;
    const LaunchPlan plan = build(input).value();
    const size_t watch = index_of(plan, [](const Action& action) { return std::holds_alternative<WatchStep>(action); });
    EXPECT_GT(watch, index_of(plan, [](const Action& action) { return std::holds_alternative<IdentityStep>(action); }));
    EXPECT_LT(watch, index_of(plan, [](const Action& action) { return std::holds_alternative<RootStep>(action); }));
    EXPECT_EQ(plan.steps[watch].need, policy::Need::kBestEffort);
  }
}

TEST(MaskPlan, WatchesNothingWhereThereIsNothingToWatch) {
  const LaunchPlan plan = build(input_for(user_in_project())).value();
  EXPECT_FALSE(find<WatchStep>(plan));
  const auto frozen = FrozenLaunch::freeze(plan, {}).value();
  for (size_t i = 0; i < frozen->plan().op_count; ++i)
    EXPECT_NE(frozen->plan().ops[i].kind, child::OpKind::kKeepNamespace);
}

TEST(MaskPlan, AWatchThatEndsTheRunIsRequired) {
  Given input = masked_project({});
  input.policy.masks.on_change = policy::Masks::OnChange::kEndRun;
  input.policy.origins["mask.on-change"] = {"confide.toml:12"};
  const LaunchPlan plan = build(input).value();
  const size_t watch = index_of(plan, [](const Action& action) { return std::holds_alternative<WatchStep>(action); });
  EXPECT_EQ(plan.steps.at(watch).need, policy::Need::kRequired);
  input.host.user_namespaces = {false, "switched off"};
  const auto without = build(input);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(without.error().what,
            "mask.on-change = \"end-run\" (confide.toml:12) needs a mount namespace: switched off");
}

TEST(MaskPlan, SaysWhatCannotBeMasked) {
  Given input = masked_project({".env", ".env\n2"});
  input.host.user_namespaces = {false, "switched off"};
  const LaunchPlan plan = build(input).value();
  EXPECT_EQ(mask_paths(plan), std::vector<std::string>{});
  EXPECT_EQ(plan.remarks,
            std::vector<std::string>{
                "readable, because masks need a mount namespace: /home/me/shop/.env, /home/me/shop/.env\\x0a2"});
  EXPECT_NE(explain(plan).find("note  readable, because"), std::string::npos);
}

TEST(MaskPlan, RemarksOnALongOrAnUnfinishedWalk) {
  Given input = masked_project({});
  input.scene.mask_search.by = MaskSearch::By::kWalk;
  input.scene.mask_search.walk_ms = 1000;
  EXPECT_TRUE(build(input)->remarks.empty());
  input.scene.mask_search.walk_ms = 1500;
  EXPECT_EQ(build(input)->remarks,
            std::vector<std::string>{
                "looking through the project for mask.globs took 1500 ms; the next runs use what was found"});
  input.scene.mask_search.reach = Reach::kCutShort;
  EXPECT_EQ(build(input)->remarks.size(), 2U);
}

}  // namespace
}  // namespace confide::launcher
