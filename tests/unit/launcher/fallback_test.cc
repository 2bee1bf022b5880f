// What a plan does without what a host does not have: what is lost is stated, what is required is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/kernel_abi.h"
#include "launcher/plan/build.h"
#include "launcher/plan/explain.h"
#include "scenes.h"

namespace confide::launcher {
namespace {

using policy::Access;
using policy::Layer;
using policy::Need;

Given without_namespaces() {
  Given input = input_for(user_in_project());
  input.host.user_namespaces = {false, "switched off"};
  return input;
}

TEST(Fallback, WithoutUserNamespacesLandlockAndTheFilterHold) {
  Given input = without_namespaces();
  const auto plan = build(input);
  ASSERT_TRUE(plan) << to_text(plan.error());
  EXPECT_FALSE(state_of(*plan, Layer::kNamespaces).applied);
  EXPECT_EQ(state_of(*plan, Layer::kNamespaces).note, "switched off");
  EXPECT_EQ(find<CloneStep>(*plan)->namespaces, 0U);
  EXPECT_FALSE(find<PivotStep>(*plan));
  EXPECT_EQ(find<SeccompStep>(*plan)->sockets, Sockets::kLocalOnly)
      << "no network namespace, so the filter refuses sockets";
  expect_golden(*plan, "plan-tool-no-namespaces.txt");
}

TEST(Fallback, WithoutAMountNamespaceThereIsNoWholeRoot) {
  Given input = without_namespaces();
  input.policy.system = policy::System::kWholeRoot;
  const auto plan = build(input);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(plan.error().what.find("whole-root"), std::string::npos) << plan.error().what;
}

TEST(Fallback, ARequiredLayerThatIsMissingIsAnErrorThatNamesTheCure) {
  Given input = input_for(user_in_project());
  input.host.user_namespaces = {false, "sysctl user.max_user_namespaces=15000"};
  input.policy.needs[Layer::kNamespaces] = Need::kRequired;
  const auto plan = build(input);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(plan.error().what.find("namespaces"), std::string::npos);
  EXPECT_NE(plan.error().what.find("sysctl"), std::string::npos);
}

TEST(Fallback, NeitherNamespacesNorLandlockIsNeverARun) {
  Given input = without_namespaces();
  input.host.landlock_abi = 0;
  EXPECT_EQ(build(input).error().kind, ErrorKind::kUnsupported);
}

TEST(Fallback, WhatIsReadOnlyInAWritableFolderNeedsAMountNamespace) {
  Given input = without_namespaces();
  add_path(input, folder("/home/me/shop/.git"), Access::kProtect);
  const auto plan = build(input).value();
  EXPECT_TRUE(std::ranges::any_of(plan.remarks, [](const std::string& remark) {
    return remark.starts_with("not protected") && remark.ends_with(": /home/me/shop/.git");
  })) << explain(plan);

  add_path(input, folder("/home/me/shop/sub"), Access::kRead);
  input.policy.paths.back().if_missing = policy::IfMissing::kError;
  const auto refused = build(input);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnsupported);
  EXPECT_NE(refused.error().what.find("/home/me/shop/sub"), std::string::npos) << refused.error().what;

  input.policy.project = policy::Project::kReadOnly;
  EXPECT_TRUE(build(input)) << "nothing to take back";
}

TEST(Fallback, WithoutAProcfsOfItsOwnTheHostsIsReadOnly) {
  Given input = input_for(user_in_project());
  input.host.own_proc = {false, "masked"};
  const auto plan = build(input).value();
  EXPECT_FALSE(state_of(plan, Layer::kOwnProc).applied);
  EXPECT_NE(bind_text(plan).find("/proc -> /proc (ro)"), std::string::npos);
  EXPECT_EQ(find<RootStep>(plan)->staging, "/sys") << "the new root must not cover the /proc that is bound";
}

TEST(Fallback, AFileDeliveryNeedsAMountNamespace) {
  Given input = without_namespaces();
  input.secrets = {{"KEY", Deliver::kFile, "--secret"}};
  const auto plan = build(input);
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().what.find("deliver=fd"), std::string::npos);
}

TEST(Limits, MemoryWithoutACgroupIsRefusedAndProcessesAreCountedByTheNamespace) {
  Given input = input_for(user_in_project());
  input.policy.limits.pids = 64;
  const auto plan = build(input);
  ASSERT_TRUE(plan) << to_text(plan.error());
  EXPECT_EQ(find<LimitsStep>(*plan)->limits.size(), 2U);
  input.policy.limits.memory_bytes = 1 << 30;
  EXPECT_EQ(build(input).error().kind, ErrorKind::kUnsupported);
  input.host.cgroup = "/sys/fs/cgroup/delegated";
  EXPECT_TRUE(find<CgroupStep>(build(input).value()));
}

class LandlockAbi : public ::testing::TestWithParam<int> {};
TEST_P(LandlockAbi, HandlesWhatItKnowsAndSaysWhatIsLost) {
  Given input = input_for(user_in_project());
  input.host.landlock_abi = GetParam();
  const auto plan = build(input);
  ASSERT_TRUE(plan) << to_text(plan.error());
  const auto step = find<LandlockStep>(*plan);
  if (GetParam() == 0) {
    EXPECT_FALSE(step);
    EXPECT_FALSE(state_of(*plan, Layer::kLandlock).applied);
    return;
  }
  EXPECT_EQ((step->handled_fs & abi::kFsTruncate) != 0, GetParam() >= 3);
  EXPECT_EQ((step->handled_fs & abi::kFsIoctlDev) != 0, GetParam() >= 5);
  EXPECT_EQ(step->scoped != 0, GetParam() >= 6);
  EXPECT_EQ(step->dropped.empty(), GetParam() >= 6);
  for (const LandlockPath& rule : step->rules)
    EXPECT_EQ(rule.access & ~step->handled_fs, 0U) << "EINVAL otherwise: " << rule.path;
}
// A rule below another that grants it all would add nothing: with a home of its own, neither the project in it nor what
// is shown read-only there (which the mounts keep so).
TEST_P(LandlockAbi, HasNoRuleThatAddsNothing) {
  Given input = input_for(user_in_project());
  input.host.landlock_abi = GetParam();
  add_path(input, file("/home/me/.cargo"), policy::Access::kRead);
  add_path(input, file("/opt/tool"), policy::Access::kRead);
  const auto step = find<LandlockStep>(build(input).value());
  if (!step) return;
  for (size_t i = 0; i < step->rules.size(); ++i) {
    LandlockStep others = *step;
    others.rules.erase(others.rules.begin() + static_cast<ptrdiff_t>(i));
    const LandlockPath& rule = step->rules[i];
    EXPECT_NE(rule.access & ~granted(others, rule.path), 0U) << rule.path;
  }
  EXPECT_EQ(granted(*step, "/home/me/.cargo/x") & abi::kFsReadFile, abi::kFsReadFile);
  EXPECT_EQ(granted(*step, "/opt/tool") & abi::kFsReadFile, abi::kFsReadFile);
  EXPECT_EQ(granted(*step, "/opt/other") & abi::kFsReadFile, 0U);
}
INSTANTIATE_TEST_SUITE_P(EveryAbi, LandlockAbi, ::testing::Values(0, 1, 2, 3, 4, 5, 6, 7));

}  // namespace
}  // namespace confide::launcher
