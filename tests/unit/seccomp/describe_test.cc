#include "seccomp/describe.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace confide::seccomp {
namespace {

std::string contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// CONFIDE_UPDATE_GOLDEN=1 writes the files anew; read the difference before committing it.
void expect_golden(std::string_view name, const std::string& text) {
  const std::string path = cat(CONFIDE_SOURCE_DIR "/tests/golden/seccomp-", name, ".txt");
  if (std::getenv("CONFIDE_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(text, contents(path)) << path;
}

TEST(Describe, ListingsAreTheGoldenOnes) {
  for (const Profile profile : kAllProfiles) expect_golden(name_of(profile), listing(profile));
  expect_golden("broker", broker_listing());
}

TEST(Describe, TheCountsAreThoseOfTheProgram) {
  for (const Profile profile : kAllProfiles) {
    EXPECT_EQ(summary(profile), summary_of(profile));
    EXPECT_GT(summary(profile).allowed, 290U);
    EXPECT_GT(summary(profile).refused, 50U);
  }
  EXPECT_EQ(summary_text(Profile::kTool, {.allowed = 301, .refused = 62, .by_argument = 7}),
            "tool, 301 syscalls allowed (7 of them by argument), 62 refused by name, default ENOSYS");
}

TEST(Describe, GivesAVerdictOnAName) {
  EXPECT_EQ(verdict_text(Profile::kTool, "read").value_or(""), "read: allowed (file i/o)");
  EXPECT_EQ(verdict_text(Profile::kTool, "ptrace").value_or(""), "ptrace: refused, EPERM (other processes)");
  EXPECT_EQ(verdict_text(Profile::kTool, "io_uring_setup").value_or(""), "io_uring_setup: refused, ENOSYS (io_uring)");
  EXPECT_EQ(verdict_text(Profile::kTool, "unshare").value_or(""),
            "unshare: allowed by argument; any CLONE_NEW* flag: EPERM (unshare)");
  EXPECT_EQ(verdict_text(Profile::kAgent, "unshare").value_or(""), "unshare: allowed (unshare)");
  const auto unknown = verdict_text(Profile::kTool, "ptrase");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().kind, ErrorKind::kUsage);
  EXPECT_NE(unknown.error().what.find("did you mean ptrace"), std::string::npos) << unknown.error().what;
}

}  // namespace
}  // namespace confide::seccomp
