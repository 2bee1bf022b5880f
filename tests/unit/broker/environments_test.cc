#include "broker/environments.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/sys.h"

namespace confide::broker {
namespace {

using policy::Deliver;
using policy::Variable;

class Folder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "config.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    fd_ = sys::openat(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY).value();
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  Environments environments() const { return Environments(fd_.get()); }
  Environments::Lock held() const { return environments().lock().value(); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
    std::ofstream(path_ + "/" + name) << text;
  }

  std::string path_;
  UniqueFd fd_;
};

TEST_F(Folder, KeepsEveryKindOfVariable) {
  Environment environment{.name = "staging", .file = {}, .variables = {}};
  environment.variables = {
      {.name = "A", .text = "op://Engineering/staging db/field"},
      {.name = "B", .text = "confide://staging/B", .deliver = Deliver::kFile, .path = "/run/b \"quoted\" \\"},
      {.name = "C_D", .text = "fd:5", .deliver = Deliver::kFd},
  };
  ASSERT_TRUE(environments().save(held(), environment));
  const auto found = environments().find("staging");
  ASSERT_TRUE(found) << to_text(found.error());
  const Environment& back = *found;
  ASSERT_EQ(back.variables.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(back.variables[i].name, environment.variables[i].name);
    EXPECT_EQ(back.variables[i].text, environment.variables[i].text);
    EXPECT_EQ(back.variables[i].deliver, environment.variables[i].deliver);
    EXPECT_EQ(back.variables[i].path, environment.variables[i].path);
  }
  EXPECT_EQ(back.file, path_ + "/environments/staging.toml");
}

TEST_F(Folder, RefusesWhatCouldNotBeReadBack) {
  EXPECT_FALSE(
      environments().save(held(), {.name = "staging", .file = {}, .variables = {{.name = "A.B", .text = "fd:5"}}}));
  EXPECT_FALSE(
      environments().save(held(), {.name = "staging", .file = {}, .variables = {{.name = "A", .text = "op://x"}}}));
  EXPECT_TRUE(environments().all()->empty());
}

TEST_F(Folder, NamesWithADotAreQuoted) {
  ASSERT_TRUE(
      environments().save(held(), {.name = "shop.staging", .file = {}, .variables = {{.name = "A", .text = "fd:5"}}}));
  EXPECT_TRUE(environments().find("shop.staging"));
}

TEST_F(Folder, RefusesNamesThatAreNoFileNames) {
  for (const char* name : {"", ".", "..", ".hidden", "a/b", "a b", "-", "é"}) {
    EXPECT_FALSE(environments().save(held(), {.name = name, .file = {}, .variables = {}})) << name;
  }
}

TEST_F(Folder, ReadsConfigTomlAndDoesNotWriteItOver) {
  write("config.toml", "version = 1\n[environment.work]\nA = \"op://a/b/c\"\n");
  EXPECT_EQ(environments().find("work")->kept, Environment::Kept::kConfiguration);
  EXPECT_FALSE(environments().save(held(), {.name = "work", .file = {}, .variables = {}}));
  EXPECT_FALSE(environments().remove(held(), "work"));
}

TEST_F(Folder, NamesTheNearest) {
  ASSERT_TRUE(environments().save(held(), {.name = "staging", .file = {}, .variables = {}}));
  EXPECT_EQ(environments().find("stagin").error().what, "there is no environment stagin; did you mean staging?");
}

TEST_F(Folder, SaysWhatIsWrongInWhichFile) {
  write("environments/other.toml", "version = 1\n[environment.staging]\n");
  EXPECT_EQ(environments().all().error().what,
            path_ + "/environments/other.toml must hold [environment.other] and nothing else");
  write("environments/other.toml", "not toml");
  EXPECT_NE(environments().all().error().what.find("other.toml:1"), std::string::npos);
}

TEST_F(Folder, RemovedIsGone) {
  ASSERT_TRUE(environments().save(held(), {.name = "staging", .file = {}, .variables = {}}));
  ASSERT_TRUE(environments().remove(held(), "staging"));
  EXPECT_FALSE(environments().remove(held(), "staging"));
  EXPECT_TRUE(environments().all()->empty());
}

TEST(NoFolder, HasNoEnvironment) {
  EXPECT_TRUE(Environments(-1).all()->empty());
  EXPECT_FALSE(Environments(-1).find("a"));
}

}  // namespace
}  // namespace confide::broker
