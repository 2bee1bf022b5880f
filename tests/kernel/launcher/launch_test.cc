// The launcher as a library against the running kernel, with facts of the host held down: what an older kernel's
// Landlock still keeps, and what holds where no namespace can be had. Each launch forks, so tests do not disturb each
// other.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/sys.h"
#include "base/text.h"
#include "launcher/launcher.h"

namespace confide::launcher {
namespace {

using policy::Layer;
using policy::Need;

class Launch : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = cat(std::getenv("TMPDIR") != nullptr ? std::getenv("TMPDIR") : "/tmp", "/launch.XXXXXX");
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    outside_ = pattern;
    project_ = outside_ + "/project";
    ASSERT_EQ(::mkdir(project_.c_str(), 0755), 0);
    ASSERT_EQ(::mkdir((project_ + "/.git").c_str(), 0755), 0);
    const auto fd = sys::openat(AT_FDCWD, outside_ + "/private", O_WRONLY | O_CREAT, 0644);
    ASSERT_TRUE(fd);
    ASSERT_TRUE(sys::write_all(fd->get(), "outside\n"));
    ASSERT_EQ(::chdir(project_.c_str()), 0);
    out_ = value_of(sys::openat(AT_FDCWD, project_ + "/out", O_RDWR | O_CREAT | O_TRUNC, 0666));
  }
  void TearDown() override {
    ASSERT_EQ(::chdir("/"), 0);
    for (const char* name : {"/project/out", "/project/made", "/private", "/made"}) ::unlink((outside_ + name).c_str());
    for (const char* name : {"/project/.git", "/project", ""}) ::rmdir((outside_ + name).c_str());
  }

  template <class T>
  static T value_of(Result<T> result) {
    EXPECT_TRUE(result) << (result ? "" : to_text(result.error()));
    return std::move(result).value();
  }

  LaunchRequest request(const std::string& script) {
    LaunchRequest made{.policy = {},
                       .host = host_facts(),
                       .caller = value_of(look_at_caller_from_environment()),
                       .command = {{"/bin/sh", "-c", script}, {"PATH=/usr/bin:/bin"}},
                       .secrets = {}};
    made.policy.profile_origin = {"test"};
    return made;
  }
  Result<Outcome> launch_it(const LaunchRequest& request) {
    layers_.clear();
    const LaunchHooks hooks{.on_event =
                                [this](const Event& event) {
                                  if (const auto* planned = std::get_if<Planned>(&event))
                                    layers_ = planned->plan.layers;
                                },
                            .stdio = {null_.get(), out_.get(), out_.get()}};
    return launch(request, hooks);
  }
  std::string output() {
    EXPECT_EQ(::lseek(out_.get(), 0, SEEK_SET), 0);
    return value_of(sys::read_all(out_.get(), 1 << 20, "out"));
  }
  bool applied(Layer layer) const {
    for (const LayerState& state : layers_)
      if (state.layer == layer) return state.applied;
    return false;
  }

  std::string outside_;
  std::string project_;
  UniqueFd out_;
  UniqueFd null_ = value_of(sys::openat(AT_FDCWD, "/dev/null", O_RDONLY));
  std::vector<LayerState> layers_;
};

TEST_F(Launch, TheProjectIsWritableAndNothingElseIs) {
  const auto outcome =
      launch_it(request("echo in > made && echo made; echo x > /usr/x; echo x > ../made; cat ../private"));
  ASSERT_TRUE(outcome) << to_text(outcome.error());
  const std::string said = output();
  EXPECT_NE(said.find("made\n"), std::string::npos) << said;
  EXPECT_NE(said.find("/usr/x: "), std::string::npos) << said;
  EXPECT_EQ(said.find("outside"), std::string::npos) << said;
  EXPECT_EQ(::access((outside_ + "/made").c_str(), F_OK), -1);
  EXPECT_EQ(::access((project_ + "/made").c_str(), F_OK), 0);
}

TEST_F(Launch, ExitCodesAndSignalsArriveAsTheyAre) {
  EXPECT_EQ(launch_it(request("exit 42"))->exit_code, 42);
  const auto killed = launch_it(request("kill -TERM $$"));
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->signal, 15);
  EXPECT_EQ(killed->exit_code, 143);
}

TEST_F(Launch, ACommandThatIsNotThereIsNotFoundAndAFolderIsNotExecutable) {
  LaunchRequest wanted = request("");
  wanted.command.argv = {"no-such-command"};
  EXPECT_EQ(launch_it(wanted).error().kind, ErrorKind::kNotFound);
  wanted.command.argv = {"/usr"};
  EXPECT_EQ(launch_it(wanted).error().kind, ErrorKind::kNotExecutable);
}

TEST_F(Launch, AFileThatWasReplacedSinceItWasLookedAtStopsTheLaunch) {
  LaunchRequest wanted = request("true");
  wanted.caller.project->inode += 1;
  const auto outcome = launch_it(wanted);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::kLaunch) << to_text(outcome.error());
}

// The agent has swapped its project for a link to what it wants to write in.
TEST_F(Launch, AFolderThatBecameALinkToAnotherStopsTheLaunch) {
  const LaunchRequest wanted = request("echo x > made");
  const std::string moved = outside_ + "/moved";
  ASSERT_EQ(::rename(project_.c_str(), moved.c_str()), 0);
  ASSERT_EQ(::symlink(outside_.c_str(), project_.c_str()), 0);
  const auto outcome = launch_it(wanted);
  const bool made = ::access((outside_ + "/made").c_str(), F_OK) == 0;
  ASSERT_EQ(::unlink(project_.c_str()), 0);
  ASSERT_EQ(::rename(moved.c_str(), project_.c_str()), 0);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::kLaunch) << to_text(outcome.error());
  EXPECT_FALSE(made);
}

// Held down to an older kernel's Landlock, alone: no mount namespace hides anything from the command.
class LandlockAlone : public Launch, public ::testing::WithParamInterface<int> {};
TEST_P(LandlockAlone, KeepsFilesOutsideTheProjectOut) {
  LaunchRequest wanted =
      request("echo in > made; cat ../private; echo x > ../made; echo x > /tmp/launch-made; cat /proc/1/environ");
  if (wanted.host.landlock_abi < GetParam()) GTEST_FAIL() << "this kernel has only ABI " << wanted.host.landlock_abi;
  wanted.host.landlock_abi = GetParam();
  wanted.host.user_namespaces = {false, "held down by the test"};
  // Root's project belongs to root, and without namespaces nothing is idmapped: another uid cannot write there.
  if (wanted.caller.privilege == Privilege::kRoot) wanted.policy.powers.host_root = policy::HostRoot{{"test"}};
  const auto outcome = launch_it(wanted);
  ASSERT_TRUE(outcome) << to_text(outcome.error());
  EXPECT_FALSE(applied(Layer::kNamespaces));
  EXPECT_TRUE(applied(Layer::kLandlock));
  const std::string said = output();
  EXPECT_EQ(said.find("outside"), std::string::npos) << said;
  EXPECT_EQ(::access((project_ + "/made").c_str(), F_OK), 0) << said;
  EXPECT_EQ(::access((outside_ + "/made").c_str(), F_OK), -1) << said;
  EXPECT_EQ(::access("/tmp/launch-made", F_OK), -1) << said;
}
TEST_P(LandlockAlone, AndTheFilterKeepsTheNetworkAway) {
  LaunchRequest wanted = request(
      "python3 -c 'import socket; socket.socket()' 2>&1 | tail -n 1; python3 -c 'import socket; "
      "socket.socket(socket.AF_UNIX); print(1+1)'");
  wanted.host.landlock_abi = GetParam();
  wanted.host.user_namespaces = {false, "held down by the test"};
  if (wanted.caller.privilege == Privilege::kRoot) wanted.policy.powers.host_root = policy::HostRoot{{"test"}};
  const auto outcome = launch_it(wanted);
  ASSERT_TRUE(outcome) << to_text(outcome.error());
  EXPECT_TRUE(applied(Layer::kNetwork));
  EXPECT_EQ(output(), "OSError: [Errno 97] Address family not supported by protocol\n2\n");
}
INSTANTIATE_TEST_SUITE_P(Abi, LandlockAlone, ::testing::Values(2, 4, 6, 7));

// With namespaces, every ABI down to none: what the older ones lose is stated, and the rest still holds.
class EveryAbi : public Launch, public ::testing::WithParamInterface<int> {};
TEST_P(EveryAbi, RunsAndSaysWhatItHas) {
  LaunchRequest wanted = request("cat ../private; echo x > ../made; echo done");
  wanted.host.landlock_abi = std::min(wanted.host.landlock_abi, GetParam());
  const auto outcome = launch_it(wanted);
  ASSERT_TRUE(outcome) << to_text(outcome.error());
  EXPECT_EQ(applied(Layer::kLandlock), GetParam() != 0);
  const std::string said = output();
  EXPECT_EQ(said.find("outside"), std::string::npos) << said;
  EXPECT_NE(said.find("done"), std::string::npos) << said;
}
TEST_P(EveryAbi, ARequiredLandlockIsRefusedWhereThereIsNone) {
  LaunchRequest wanted = request("echo ran");
  wanted.host.landlock_abi = std::min(wanted.host.landlock_abi, GetParam());
  wanted.policy.needs[Layer::kLandlock] = Need::kRequired;
  const auto outcome = launch_it(wanted);
  EXPECT_EQ(outcome.has_value(), GetParam() != 0);
  if (!outcome) {
    EXPECT_EQ(outcome.error().kind, ErrorKind::kUnsupported);
  }
  EXPECT_EQ(output(), GetParam() != 0 ? "ran\n" : "");
}
INSTANTIATE_TEST_SUITE_P(Abi, EveryAbi, ::testing::Values(0, 2, 4, 6, 7));

TEST_F(Launch, SignalsStayInsideWhereTheAbiHasScopes) {
  LaunchRequest wanted = request(cat("kill -0 ", ::getpid(), " 2>&1 | grep -o 'not permitted'; true"));
  wanted.host.user_namespaces = {false, "held down by the test"};
  if (wanted.caller.privilege == Privilege::kRoot) wanted.policy.powers.host_root = policy::HostRoot{{"test"}};
  ASSERT_TRUE(launch_it(wanted));
  EXPECT_NE(output().find("not permitted"), std::string::npos);
}

TEST_F(Launch, TheTimeLimitEndsACommandThatIgnoresIt) {
  LaunchRequest wanted = request("trap '' TERM; sleep 60 & sleep 60");
  wanted.policy.limits.timeout_ms = 200;
  wanted.policy.limits.grace_ms = 200;
  const auto outcome = launch_it(wanted);
  ASSERT_TRUE(outcome) << to_text(outcome.error());
  EXPECT_TRUE(outcome->time_limit);
  EXPECT_EQ(outcome->exit_code, 124);
}

}  // namespace
}  // namespace confide::launcher
