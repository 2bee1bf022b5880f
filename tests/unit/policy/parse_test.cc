#include "policy/parse.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "golden.h"

namespace confide::policy {
namespace {

// What a file of errors is for is said by its name: NAME.user.toml is a config.toml, NAME.administrator.toml a bound.
Role role_of(const std::string& name) {
  if (name.ends_with(".user.toml")) return Role::kUser;
  return name.ends_with(".administrator.toml") ? Role::kAdministrator : Role::kProject;
}

// tests/golden/policy-errors: each file with every complaint about it.
TEST(Check, SaysEveryErrorOfAFileWithItsPlace) {
  const std::string folder = "tests/golden/policy-errors/";
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(CONFIDE_SOURCE_DIR "/" + folder)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".toml")) continue;
    ++files;
    std::string found;
    for (const Diagnostic& diagnostic : check(source_text(folder + name), name, {.role = role_of(name)}))
      found += to_text(diagnostic) + "\n";
    EXPECT_FALSE(found.empty()) << name;
    const std::string expected = cat(folder, name, ".errors");
    update_golden(expected, found);
    EXPECT_EQ(found, source_text(expected)) << name;
  }
  EXPECT_GE(files, 10U);
}

std::string first_error(std::string_view text, Role role = Role::kProject) {
  const auto document = parse(text, "confide.toml", {.role = role});
  if (document) return "no error";
  EXPECT_EQ(document.error().kind, ErrorKind::kRefused);
  return document.error().what;
}

TEST(Parse, ReadsTheExampleOfTheManual) {
  const auto document = parse(R"(version = 1

[environment.staging]
DATABASE_URL = "op://Engineering/staging-db/connection-string"
API_KEY      = { ref = "vault://kv/staging#api_key", deliver = "file", path = ".env" }
APP_MODE     = { value = "staging" }

[[grant]]
name        = "migrate"
environment = "staging"
command     = ["npm", "run", "migrate", "**"]
inputs      = ["package.json", "migrations/**"]
outputs     = ["migrations/.state.json"]
approval    = { class = "window", for = "15m", uses = 5 }
lease       = "10m"
profile     = "tool"
network     = "host"

[profile.tool-with-cargo]
extends = "tool"
read    = ["~/.cargo"]
write   = ["$PROJECT/target", { path = "~/.cache/x", if-missing = "skip" }]
)",
                              "confide.toml");
  ASSERT_TRUE(document.has_value()) << document.error().what;
  ASSERT_EQ(document->environments.size(), 1U);
  const auto& variables = document->environments[0].variables;
  ASSERT_EQ(variables.size(), 3U);
  EXPECT_EQ(variables[0], (Variable{.name = "DATABASE_URL",
                                    .text = "op://Engineering/staging-db/connection-string",
                                    .origin = {"confide.toml:4"}}));
  EXPECT_EQ(variables[1].deliver, Deliver::kFile);
  EXPECT_EQ(variables[1].path, ".env");
  EXPECT_EQ(variables[2].kind, Variable::Kind::kPlain);
  ASSERT_EQ(document->grants.size(), 1U);
  const Grant& grant = document->grants[0];
  EXPECT_EQ(grant.name, "migrate");
  EXPECT_EQ(grant.command, (std::vector<std::string>{"npm", "run", "migrate", "**"}));
  EXPECT_EQ(grant.approval, (Approval{ApprovalClass::kWindow, 900'000, 5}));
  EXPECT_EQ(grant.lease_ms, 600'000U);
  EXPECT_EQ(grant.profile, "tool");
  EXPECT_EQ(grant.network, Network::kHost);
  EXPECT_EQ(grant.origin.text, "confide.toml:8");
  ASSERT_EQ(document->profiles.size(), 1U);
  const ProfileText& profile = document->profiles[0];
  EXPECT_EQ(profile.name, "tool-with-cargo");
  ASSERT_EQ(profile.settings.size(), 3U);
  EXPECT_EQ(profile.settings[1], (Setting{Key::kRead,
                                          std::vector<Item>{{"~/.cargo", IfMissing::kError, {"confide.toml:21"}}},
                                          {"confide.toml:21"}}));
  EXPECT_EQ(std::get<std::vector<Item>>(profile.settings[2].value)[1].if_missing, IfMissing::kSkip);
}

TEST(Parse, NamesTheFirstErrorAndCountsTheOthers) {
  EXPECT_EQ(
      first_error("version = 1\n[profile.x]\nextends = \"tool\"\n  netwrok = \"host\"\nfoo = 1\n"),
      "confide.toml:4:3: unknown key `netwrok` in [profile.x]; did you mean `network`? (and 1 more; `confide policy "
      "check` lists them)");
}

TEST(Parse, RefusesWhatIsTooLargeTooDeepOrNoText) {
  EXPECT_EQ(first_error(std::string(kMaxPolicyBytes + 1, '\n')), "confide.toml:1:1: the file is larger than 1 MiB");
  EXPECT_EQ(first_error(std::string("version = 1\n# \0", 15)), "confide.toml:2:1: the line holds a NUL byte");
  std::string dotted = "a";
  for (int i = 0; i < 500'000; ++i) dotted += ".a";
  EXPECT_NE(first_error(dotted + " = 1").find("more than 64 dots"), std::string::npos);
  EXPECT_NE(first_error("x = " + std::string(100'000, '[')).find("not TOML"), std::string::npos);
  std::string nested = "x = ";
  for (int i = 0; i < 100'000; ++i) nested += "{ a = ";
  EXPECT_NE(first_error(nested).find("not TOML"), std::string::npos);
  EXPECT_NE(first_error("version = 1\nx = \"\xff\"\n").find("not TOML"), std::string::npos);
  EXPECT_NE(first_error("version = 1\n\"\\ud800\" = 1\n").find("not TOML"), std::string::npos);
}

TEST(Parse, CharactersOutsideAsciiStandInTextsAndCommentsOnly) {
  const std::string_view why = ": a character outside ASCII can stand in quotes or a comment only";
  EXPECT_EQ(first_error("version = 1\n# \xc3\xa9\n[profile.\xc3\xa9]\n"), cat("confide.toml:3:10", why));
  EXPECT_EQ(first_error("version = 1\nx = \xc8\xa4\n"), cat("confide.toml:2:5", why));
  EXPECT_EQ(first_error("version = 1\n\"\xc3\xa9\" = \xc3\xa9\n"), cat("confide.toml:2:7", why));
  for (const char* quoted :
       {R"("é")", "'é'", "\"\"\"\né\"\"\"", "'''\né'''", R"("\"é")", R"("""é""""")", R"(""""é""")", R"('\' # é)",
        R"("" # é)", R"("""""" # é)", R"("""a""\"é""")", R"('' # é)", R"("a" # "é)"}) {
    EXPECT_EQ(first_error(cat("version = 1\n[environment.e]\nY = { value = \"\" }\nX = ", quoted)).find("outside"),
              std::string::npos)
        << quoted;
  }
}

TEST(Parse, DotsInAPathAreNoDepth) {
  const std::string path(100, '.');
  EXPECT_EQ(first_error(cat("version = 1\n[profile.x]\nextends = \"tool\"\nread = [\"/", path, "\"]\n")), "no error");
}

TEST(Parse, NeverQuotesTheValueOfAVariable) {
  const std::string canary = "CANARY-5f1c";
  for (const std::string& line :
       {cat("X = \"", canary, "\""), cat("X = { ref = \"", canary, "\" }"), cat("X = { ref = \"op://", canary, "\" }"),
        cat("X = { value = \"", canary, "\", deliver = \"post\" }"), cat("X = { value = \"", canary, "\\u0000\" }")}) {
    for (const Diagnostic& diagnostic : check(cat("version = 1\n[environment.e]\n", line), "confide.toml"))
      EXPECT_EQ(diagnostic.message.find(canary), std::string::npos) << diagnostic.message;
    EXPECT_NE(first_error(cat("version = 1\n[environment.e]\n", line)), "no error") << line;
  }
}

TEST(Parse, AFileNameCannotBreakALine) {
  const auto document = parse("version = 2", "a\n\x1b[31m.toml");
  ASSERT_FALSE(document.has_value());
  EXPECT_EQ(document.error().what.find('\n'), std::string::npos);
  EXPECT_EQ(document.error().what.find('\x1b'), std::string::npos);
}

TEST(Parse, TakesAByteOrderMarkAndWindowsLineEnds) {
  const auto document = parse("\xEF\xBB\xBFversion = 1\r\n[profile.x]\r\nextends = \"tool\"\r\n", "confide.toml");
  ASSERT_TRUE(document.has_value()) << document.error().what;
  EXPECT_EQ(document->profiles[0].settings[0].origin.text, "confide.toml:3");
}

TEST(Parse, KeysStandOnlyWhereTheyMayStand) {
  EXPECT_NE(first_error("version = 1\ndefault-profile = \"agent\"\n").find("belongs in config.toml"),
            std::string::npos);
  EXPECT_EQ(first_error("version = 1\ndefault-profile = \"agent\"\n", Role::kUser), "no error");
  EXPECT_NE(first_error("version = 1\n[administrator]\nnetwork = \"none\"\n").find("policy.d"), std::string::npos);
  EXPECT_NE(first_error("version = 1\n[profile.x]\nextends = \"tool\"\n", Role::kAdministrator).find("only narrow"),
            std::string::npos);
}

TEST(Parse, EveryProfileKeyIsTakenWithAValueOfItsShape) {
  const auto document = parse(R"(version = 1
[profile.x]
extends = "tool"
system = "absent"
project = "absent"
home = "visible"
read = ["/a"]
write = ["/b"]
hide = ["/c"]
toolchains = ["cargo"]
network = "host"
proc = { hidepid = "invisible", subset = "pid" }
sys = "host"
inner-sandbox = "allowed"
landlock = "scopes"
syscalls = "agent"
environment = { start = "minimal", pass = ["A"], set = { B = "c" } }
limits = { memory = "2G", pids = 256, cpu = 1.5, timeout = "30s", grace = 5, open-files = 1024 }
layers = { namespaces = "required", own-proc = "required", network = "required", landlock = "required", seccomp = "required", keyring = "required", cgroup = "required", idmap = "required" }
mask = { untracked-env-files = false, globs = ["config/*.key"], exceptions = [".env.ci"], on-change = "end-run" }
output = { on-leak = "kill", partial = "off", mask-anyway = ["PIN"] }
powers = { host-root = true, host-proc = true, host-sys = true, writable-system = true, ssh-agent = true, docker = true }
protect = ["$PROJECT/.git/hooks", { path = "$PROJECT/.husky", if-missing = "cover" }]
)",
                              "confide.toml");
  ASSERT_TRUE(document.has_value()) << document.error().what;
  size_t rows = 0;
  for (const KeyInfo& info : all_keys()) rows += info.section == Section::kProfile ? 1 : 0;
  EXPECT_EQ(document->profiles[0].settings.size(), rows);
  for (const Setting& setting : document->profiles[0].settings) EXPECT_TRUE(fits(setting, Section::kProfile));
}

}  // namespace
}  // namespace confide::policy
