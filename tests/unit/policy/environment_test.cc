#include "policy/environment.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace confide::policy {
namespace {

struct Given {
  std::vector<const char*> caller;
  Environment policy;
  CarriesSecrets secrets = CarriesSecrets::kNo;
  std::vector<InsideVariable> inside;
};

EnvDecision decide(const Given& given) {
  return decide_environment(given.caller, given.policy, given.secrets, given.inside);
}

std::vector<std::string> passed(const Given& given) { return decide(given).passed; }
std::string reason(const EnvDecision& decision, std::string_view name) {
  const auto at = std::ranges::find(decision.removed, name, &Removed::name);
  return at == decision.removed.end() ? "not removed" : std::string(at->reason);
}
using Strings = std::vector<std::string>;

TEST(Environment, PassesTheCallersButForCredentials) {
  const EnvDecision decision =
      decide({.caller = {"PATH=/usr/bin", "GITHUB_TOKEN=CANARY-1", "LANG=C", "X=postgres://a:CANARY-2@c/d"}});
  EXPECT_EQ(decision.passed, (Strings{"PATH=/usr/bin", "LANG=C"}));
  ASSERT_EQ(decision.removed.size(), 2U);
  for (const Removed& removed : decision.removed) EXPECT_EQ(removed.reason.find("CANARY"), std::string::npos);
  EXPECT_EQ(reason(decision, "X"), "a URL with a password in it");
}

TEST(Environment, ANameInPassLiftsEveryFilter) {
  const Given given{.caller = {"GITHUB_TOKEN=t", "LD_PRELOAD=/x.so", "NODE_OPTIONS=-r x"},
                    .policy = {.start = Environment::Start::kMinimal, .pass = {"GITHUB_TOKEN", "LD_PRELOAD", "ABSENT"}},
                    .secrets = CarriesSecrets::kYes,
                    .inside = {{"PATH", "/bin"}}};
  EXPECT_EQ(passed(given), (Strings{"GITHUB_TOKEN=t", "LD_PRELOAD=/x.so", "PATH=/bin"}));
}

TEST(Environment, WhatIsSetBeatsWhatIsInsideBeatsTheCallers) {
  const Given given{.caller = {"HOME=/home/me", "TMPDIR=/var/tmp", "EDITOR=vi", "A=1"},
                    .policy = {.set = {{"TMPDIR", "/set"}, {"NEW", "x"}}},
                    .inside = {{"HOME", "/inside"}, {"TMPDIR", "/inside"}, {"XDG_RUNTIME_DIR", "/run/user"}}};
  EXPECT_EQ(passed(given),
            (Strings{"EDITOR=vi", "A=1", "HOME=/inside", "XDG_RUNTIME_DIR=/run/user", "NEW=x", "TMPDIR=/set"}));
  EXPECT_TRUE(decide(given).removed.empty());
}

TEST(Environment, ANameInPassBeatsWhatIsInside) {
  const Given given{.caller = {"HOME=/home/me"},
                    .policy = {.pass = {"HOME", "TMPDIR"}},
                    .inside = {{"HOME", "/inside"}, {"TMPDIR", "/inside"}}};
  EXPECT_EQ(passed(given), (Strings{"HOME=/home/me", "TMPDIR=/inside"}));
}

TEST(Environment, ARunWithSecretsLosesWhatChoosesCode) {
  std::vector<const char*> caller = {"PATH=/usr/bin", "TERM=xterm", "GIT_AUTHOR_NAME=me", "PYTHONUNBUFFERED=1",
                                     "LANG=C"};
  const size_t harmless = caller.size();
  for (const char* hook : {"LD_PRELOAD=x",
                           "LD_LIBRARY_PATH=x",
                           "BASH_ENV=x",
                           "ENV=x",
                           "NODE_OPTIONS=x",
                           "PYTHONSTARTUP=x",
                           "PYTHONPATH=x",
                           "PERL5OPT=x",
                           "PERL5LIB=x",
                           "RUBYOPT=x",
                           "GIT_SSH_COMMAND=x",
                           "GIT_CONFIG_COUNT=1",
                           "GIT_EXEC_PATH=x",
                           "JAVA_TOOL_OPTIONS=x",
                           "DYLD_INSERT_LIBRARIES=x",
                           "http_proxy=x",
                           "HTTPS_PROXY=x",
                           "npm_config_registry=x",
                           "SSL_CERT_FILE=x",
                           "NODE_EXTRA_CA_CERTS=x",
                           "PAGER=x",
                           "EDITOR=x",
                           "LESSOPEN=x",
                           "PROMPT_COMMAND=x",
                           "BASH_FUNC_ls%%=x",
                           "RUSTC_WRAPPER=x",
                           "GCONV_PATH=x",
                           "IFS=x",
                           "CLASSPATH=x",
                           "GLIBC_TUNABLES=x",
                           "OPENSSL_CONF=x",
                           "MAKEFLAGS=x"})
    caller.push_back(hook);
  const EnvDecision with = decide({.caller = caller, .secrets = CarriesSecrets::kYes});
  EXPECT_EQ(with.passed.size(), harmless);
  EXPECT_EQ(with.removed.size(), caller.size() - harmless);
  EXPECT_EQ(decide({.caller = caller}).passed.size(), caller.size());
}

TEST(Environment, MinimalIsAHandfulAndAPathOfOurs) {
  const Given given{
      .caller = {"PATH=/agent/bin", "TERM=xterm", "COLORTERM=truecolor", "LC_ALL=C", "TZ=UTC", "FOO=bar", "EDITOR=vi"},
      .policy = {.start = Environment::Start::kMinimal}};
  EXPECT_EQ(passed(given), (Strings{"TERM=xterm", "COLORTERM=truecolor", "LC_ALL=C", "TZ=UTC",
                                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}));
  EXPECT_EQ(reason(decide(given), "FOO"), "not among the handful of environment.start = \"minimal\"");
}

TEST(Environment, MalformedAndRepeatedEntriesAreRemoved) {
  const EnvDecision decision = decide({.caller = {"A=1", "A=2", "=x", "noequals", "", "B==="}});
  EXPECT_EQ(decision.passed, (Strings{"A=1", "B==="}));
  ASSERT_EQ(decision.removed.size(), 4U);
  EXPECT_EQ(reason(decision, "A"), "given twice; the first counts");
  EXPECT_EQ(decision.removed[1].name, "");
}

// A repeated name must not bring back a value by its second entry.
TEST(Environment, ARemovedNameStaysRemoved) {
  EXPECT_EQ(passed({.caller = {"GITHUB_TOKEN=x", "GITHUB_TOKEN="}}), Strings{});
  EXPECT_EQ(passed({.caller = {"HOME=/a", "HOME=/b"}, .inside = {{"HOME", "/in"}}}), Strings{"HOME=/in"});
}

TEST(Environment, AnEmptyCallerIsFine) { EXPECT_TRUE(decide({}).passed.empty()); }

}  // namespace
}  // namespace confide::policy
