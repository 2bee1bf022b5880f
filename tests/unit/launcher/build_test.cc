#include "launcher/plan/build.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "launcher/plan/explain.h"
#include "scenes.h"

namespace confide::launcher {
namespace {

using policy::Access;
using policy::Layer;
using policy::Need;

TEST(Plan, OfProfileToolForAUser) {
  Given input = input_for(user_in_project());
  input.scene.masks = {file("/home/me/shop/.env")};
  input.policy.masks.origin = {"profile tool (built in)"};
  add_path(input, folder("/home/me/.cargo"), Access::kRead);
  const auto plan = build(input);
  ASSERT_TRUE(plan) << to_text(plan.error());
  expect_golden(*plan, "plan-tool-user.txt");
}

TEST(Plan, OfProfileToolForRoot) {
  const auto plan = build(input_for(root_in_project()));
  ASSERT_TRUE(plan) << to_text(plan.error());
  expect_golden(*plan, "plan-tool-root.txt");
}

TEST(Plan, OfACredentialedRunWithATerminal) {
  Given input = input_for(user_in_project());
  input.scene.caller.terminals = 7;
  input.secrets = {{"TOKEN", Deliver::kEnv, "--secret"}, {"KEY", Deliver::kFile, "--secret"}};
  const auto plan = build(input);
  ASSERT_TRUE(plan) << to_text(plan.error());
  expect_golden(*plan, "plan-secrets-user.txt");
}

TEST(Plan, OfProfileBench) {
  Given input = input_for(user_in_project());
  input.policy.system = policy::System::kWholeRoot;
  input.policy.project = policy::Project::kAbsent;
  input.policy.profile_origin = {"profile bench (built in)"};
  const auto plan = build(input);
  ASSERT_TRUE(plan) << to_text(plan.error());
  expect_golden(*plan, "plan-bench-user.txt");
}

TEST(Plan, OfAnAgentHandlesScopesOnlySoThatAnInnerSandboxCanMount) {
  Given input = input_for(user_in_project());
  input.policy.landlock = policy::LandlockUse::kScopesOnly;
  input.policy.network = policy::Network::kHost;
  const auto plan = build(input);
  ASSERT_TRUE(plan) << to_text(plan.error());
  const auto landlock = find<LandlockStep>(*plan);
  ASSERT_TRUE(landlock);
  EXPECT_EQ(landlock->handled_fs, 0U);
  EXPECT_EQ(landlock->handled_net, 0U);
  EXPECT_NE(landlock->scoped, 0U);
  EXPECT_TRUE(landlock->rules.empty());
}

TEST(PlanOrder, MountsComeBeforeLandlockAndTheFilterComesLast) {
  Given input = input_for(user_in_project());
  input.secrets = {{"TOKEN", Deliver::kFile, "--secret"}};
  const auto plan = build(input).value();
  EXPECT_LT(index_of<PivotStep>(plan), index_of<SecretsStep>(plan)) << "the child stands before it gets secrets";
  EXPECT_LT(index_of<SecretsStep>(plan), index_of<LandlockStep>(plan));
  EXPECT_LT(index_of<LandlockStep>(plan), index_of<PrivilegesStep>(plan) + 1);
  EXPECT_LT(index_of<PrivilegesStep>(plan), index_of<VerifyStep>(plan));
  EXPECT_LT(index_of<VerifyStep>(plan), index_of<SeccompStep>(plan));
  EXPECT_EQ(index_of<ExecStep>(plan), plan.steps.size() - 1);
}

TEST(Identity, AUserKeepsItsUid) {
  const auto plan = build(input_for(user_in_project())).value();
  EXPECT_EQ(find<IdentityStep>(plan)->inside, (Ids{1000, 1000}));
  EXPECT_EQ(find<IdentityStep>(plan)->kernel, (Ids{1000, 1000}));
  EXPECT_EQ(find<IdentityStep>(plan)->writer, MapWriter::kChild);
}

TEST(Identity, RootBecomesTheReservedUidAndItsProjectIsIdmapped) {
  const auto plan = build(input_for(root_in_project())).value();
  EXPECT_EQ(find<IdentityStep>(plan)->kernel, (Ids{kReservedId, kReservedId}));
  EXPECT_NE(find<IdentityStep>(plan)->inside.uid, 0U) << "uid 0 inside breaks nested user namespaces";
  const auto binds = find_all<BindStep>(plan);
  const auto project = std::ranges::find(binds, "/root/shop", &BindStep::target);
  ASSERT_NE(project, binds.end());
  EXPECT_EQ(project->idmap, (Idmap{{0, 0}, {kReservedId, kReservedId}}));
  EXPECT_TRUE(state_of(plan, Layer::kIdmap).applied);
}

TEST(Identity, UnderSudoItIsWhoCalledSudo) {
  Given input = input_for(root_in_project());
  input.scene.caller.sudo_ids = Ids{1000, 1000};
  EXPECT_EQ(find<IdentityStep>(build(input).value())->kernel, (Ids{1000, 1000}));
}

TEST(Identity, WithoutIdmappedMountsTheProjectsOwnerDoesTheWork) {
  Given input = input_for(root_in_project());
  input.host.idmapped_mounts = {false, "not on this file system"};
  input.scene.caller.project = folder("/root/shop", 1234);
  const auto plan = build(input).value();
  EXPECT_EQ(find<IdentityStep>(plan)->kernel.uid, 1234U);
}

TEST(Identity, WhatCannotBeIdmappedIsShownAsItIs) {
  Given input = input_for(root_in_project());
  add_path(input, folder("/dev/net", 0), Access::kRead);
  input.scene.not_idmapped = {"/dev/net"};
  const auto plan = build(input).value();
  const auto binds = find_all<BindStep>(plan);
  const auto device = std::ranges::find(binds, "/dev/net", &BindStep::target);
  const auto project = std::ranges::find(binds, "/root/shop", &BindStep::target);
  ASSERT_NE(device, binds.end());
  ASSERT_NE(project, binds.end());
  EXPECT_FALSE(device->idmap);
  EXPECT_TRUE(project->idmap) << "one file system takes nothing from another";
  EXPECT_EQ(device->opened_by, OpenedBy::kLauncher) << "the sandbox's uid may not get there";
  EXPECT_FALSE(state_of(plan, Layer::kIdmap).applied);
  EXPECT_NE(state_of(plan, Layer::kIdmap).note.find("/dev/net"), std::string::npos);

  input.policy.needs[Layer::kIdmap] = Need::kRequired;
  EXPECT_EQ(build(input).error().kind, ErrorKind::kUnsupported);
}

TEST(Identity, HostRootIsAPowerThatMustBeNamed) {
  Given input = input_for(root_in_project());
  input.policy.powers.host_root = policy::HostRoot{{"confide.toml:3"}};
  const auto plan = build(input).value();
  EXPECT_EQ(find<IdentityStep>(plan)->kernel.uid, 0U);
  EXPECT_NE(explain(plan).find("confide.toml:3"), std::string::npos);
}

TEST(View, WhatTheSandboxHasOfItsOwnIsNobodyElses) {
  Given input = input_for(user_in_project());
  input.scene.caller.home = folder("/run");
  for (const PrivateStep& own : find_all<PrivateStep>(build(input).value())) EXPECT_NE(own.path, "/run");

  input = input_for(user_in_project());
  add_path(input, folder("/run"), Access::kRead);
  const auto refused = build(input);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kRefused);
  EXPECT_NE(refused.error().what.find("/run"), std::string::npos);
}

TEST(View, AVisibleHomeIsReadOnly) {
  Given input = input_for(user_in_project());
  input.policy.home_visible = true;
  EXPECT_NE(bind_text(build(input).value()).find("/home/me -> /home/me (ro)"), std::string::npos);
}

TEST(View, AWritableSystemIsAPowerThatMustBeNamed) {
  Given input = input_for(user_in_project());
  EXPECT_NE(bind_text(build(input).value()).find("/usr -> /usr (ro)"), std::string::npos);
  input.policy.powers.writable_system = policy::WritableSystem{{"confide.toml:9"}};
  EXPECT_NE(bind_text(build(input).value()).find("/usr -> /usr (rw)"), std::string::npos);
}

TEST(View, ALaterRuleWinsAndANarrowerOneInsideAWiderOneHolds) {
  Given input = input_for(user_in_project());
  add_path(input, folder("/home/me/shop/vendor"), Access::kRead);
  add_path(input, folder("/data"), Access::kRead);
  add_path(input, folder("/data"), Access::kWrite);
  const auto plan = build(input).value();
  const std::string binds = bind_text(plan);
  EXPECT_NE(binds.find("/data -> /data (rw)"), std::string::npos);
  EXPECT_EQ(binds.find("/data -> /data (ro)"), std::string::npos);
  const auto seal = find<SealStep>(plan);
  EXPECT_EQ(seal->read_only_again, std::vector<std::string>{"/home/me/shop/vendor"});
}

TEST(View, APathThroughALinkIsThereUnderBothNames) {
  Given input = input_for(user_in_project());
  PathFact linked = folder("/srv/real");
  linked.requested = "/srv/link";
  add_path(input, linked, Access::kRead);
  const std::string binds = bind_text(build(input).value());
  EXPECT_NE(binds.find("/srv/real -> /srv/real (ro)"), std::string::npos);
  EXPECT_NE(binds.find("/srv/real -> /srv/link (ro)"), std::string::npos);
}

TEST(View, HidingPutsSomethingEmptyOverThePath) {
  Given input = input_for(user_in_project());
  add_path(input, folder("/usr/share/secret"), Access::kHide);
  add_path(input, file("/home/me/shop/key.pem"), Access::kHide);
  const auto masks = find_all<MaskStep>(build(input).value());
  ASSERT_GE(masks.size(), 2U);
  EXPECT_EQ(masks[0].path, "/home/me/shop/key.pem");
  EXPECT_EQ(masks[0].empty, "/run/confide/empty");
  EXPECT_EQ(masks[1].empty, "/run/confide/nothing");
}

TEST(View, AWholeRootShowsTheHomeAlreadyButForRootsOwn) {
  for (const Caller& caller : {user_in_project(), root_in_project()}) {
    Given input = input_for(caller);
    input.policy.system = policy::System::kWholeRoot;
    input.policy.home_visible = true;
    input.policy.project = policy::Project::kAbsent;
    add_path(input, folder(caller.home.canonical + "/.ssh"), Access::kHide);
    const auto plan = build(input).value();
    const bool as_root = caller.privilege == Privilege::kRoot;
    EXPECT_EQ(bind_text(plan).find(caller.home.canonical) != std::string::npos, as_root) << bind_text(plan);
    const auto masks = find_all<MaskStep>(plan);
    ASSERT_FALSE(masks.empty());
    EXPECT_EQ(masks[0].path, caller.home.canonical + "/.ssh") << "what is shown is hidden where the policy says so";
  }
}

TEST(View, InAWholeRootWhatIsReplacedIsBoundAndTheHomeIsAPlaceToStart) {
  Caller caller = user_in_project();
  caller.cwd = folder("/tmp/work");
  caller.home = folder("/data/me");
  caller.home.requested = "/home/me";  // a link
  Given input = input_for(caller);
  input.policy.system = policy::System::kWholeRoot;
  input.policy.home_visible = true;
  input.policy.project = policy::Project::kAbsent;
  add_path(input, folder("/dev/net"), Access::kRead);
  add_path(input, folder("/tmp/shown"), Access::kRead);
  const auto plan = build(input).value();
  EXPECT_EQ(find<DirectoryStep>(plan)->path, "/home/me");
  const std::string binds = bind_text(plan);
  EXPECT_NE(binds.find("/dev/net -> /dev/net (ro)"), std::string::npos) << binds;
  EXPECT_NE(binds.find("/tmp/shown -> /tmp/shown (ro)"), std::string::npos) << binds;
  EXPECT_EQ(binds.find("me"), std::string::npos) << binds;
  const auto folders = find_all<MakeFolder>(plan);
  EXPECT_NE(std::ranges::find(folders, "/tmp/shown", &MakeFolder::path), folders.end()) << "/tmp is a private one";
  EXPECT_EQ(std::ranges::find(folders, "/tmp", &MakeFolder::path), folders.end());
}

TEST(View, WhereTheTargetIsTheSandboxsOwnWhatWasBoundIsCheckedAndElsewhereTheWayToItToo) {
  Given input = input_for(user_in_project());
  add_path(input, folder("/home/me/.cargo"), Access::kRead);
  add_path(input, folder("/home/me/shop/docs"), Access::kRead);
  // A private home in what others write to.
  input.scene.caller.home.canonical = "/data/me";
  add_path(input, folder("/data"), Access::kWrite);
  add_path(input, folder("/data/me/kept"), Access::kRead);
  for (const BindStep& bind : find_all<BindStep>(build(input).value())) {
    const bool through_bind = bind.target == "/home/me/shop/docs" || bind.target == "/data/me/kept";
    EXPECT_EQ(bind.ground, through_bind ? Ground::kShared : Ground::kOwn) << bind.target;
  }
}

TEST(View, AnEmptyFolderIsMadeOnlyToBePutOverOne) {
  Given input = input_for(user_in_project());
  const auto makes_folder = [](const LaunchPlan& plan) {
    const auto folders = find_all<MakeFolder>(plan);
    return std::ranges::find(folders, "/run/confide/nothing", &MakeFolder::path) != folders.end();
  };
  add_path(input, file("/home/me/shop/key.pem"), Access::kHide);
  EXPECT_FALSE(makes_folder(build(input).value()));
  input.scene.masks = {folder("/home/me/shop/.env.d")};
  EXPECT_TRUE(makes_folder(build(input).value()));
}

TEST(View, MissingPathsAreErrorsOnlyWhereTheyWereAskedFor) {
  Given input = input_for(user_in_project());
  add_path(input, {.requested = "/nowhere"}, Access::kRead, policy::IfMissing::kSkip);
  EXPECT_TRUE(build(input));
  add_path(input, {.requested = "/no where"}, Access::kRead);
  const auto plan = build(input);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().kind, ErrorKind::kRefused);
  EXPECT_EQ(plan.error().what, "/no where (--flag) does not exist");
}

TEST(View, TheRootIsNoPathToGive) {
  Given input = input_for(user_in_project());
  add_path(input, folder("/"), Access::kWrite);
  EXPECT_FALSE(build(input));
}

TEST(View, OutsideAProjectTheWorkingDirectoryIsReadOnlyAndNeverTheHome) {
  Caller caller = user_in_project();
  caller.project.reset();
  EXPECT_NE(bind_text(build(input_for(caller)).value()).find("/home/me/shop -> /home/me/shop (ro)"), std::string::npos);
  for (const char* place : {"/", "/home", "/home/me", "/tmp", "/proc/1"}) {
    caller.cwd = folder(place);
    const std::string binds = bind_text(build(input_for(caller)).value());
    EXPECT_EQ(binds.find(std::string(place) + " -> "), std::string::npos) << place;
  }
}

TEST(View, LinksOfTheRootGiveWayToWhatIsShownBelowThem) {
  Caller caller = user_in_project();
  caller.project = caller.cwd = folder("/var/tmp/work");
  const auto plan = build(input_for(caller)).value();
  for (const LinkStep& link : find_all<LinkStep>(plan)) EXPECT_NE(link.path, "/var/tmp");
}

TEST(Environment, ASecretsNameTakesTheCallersVariableOut) {
  Given input = input_for(user_in_project());
  input.command.environment = {"PATH=/bin", "TOKEN=of-the-caller", "KEY_FD=9"};
  input.secrets = {{"TOKEN", Deliver::kEnv, "--secret"}, {"KEY", Deliver::kFd, "--secret"}};
  EXPECT_EQ(build(input).value().environment, std::vector<std::string>{"PATH=/bin"});
}

TEST(Command, IsLookedForAlongThePathOfTheRun) {
  EXPECT_EQ(find<ExecStep>(build(input_for(user_in_project())).value())->candidates,
            (std::vector<std::string>{"/usr/bin/make", "/bin/make"}));
  Given input = input_for(user_in_project());
  input.command.argv = {"./configure"};
  EXPECT_EQ(find<ExecStep>(build(input).value())->candidates, std::vector<std::string>{"./configure"});
  input.command.argv.clear();
  EXPECT_EQ(build(input).error().kind, ErrorKind::kUsage);
}

}  // namespace
}  // namespace confide::launcher
