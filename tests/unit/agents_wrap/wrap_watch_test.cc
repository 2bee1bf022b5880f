#include "agents/wrap_watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace confide::agents {
namespace {

class WrapWatch : public testing::Test {
 protected:
  WrapWatch() {
    std::string text = testing::TempDir() + "wrap-watch-XXXXXX";
    root_ = ::mkdtemp(text.data());
    std::filesystem::create_directories(root_ + "/hooks/inner");
    write("hooks/inner/a", "one");
    write("config", "[core]");
  }
  ~WrapWatch() override { std::filesystem::remove_all(root_); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(at(name)) << text; }
  std::string at(const std::string& name) const { return root_ + "/" + name; }
  Look look() const { return look_at_all({at("hooks"), at("config"), at("absent")}); }
  std::vector<Change> since(const Look& before) const { return changes(before, look()); }
  std::string root_;
};

TEST_F(WrapWatch, NothingChangedIsNothing) { EXPECT_TRUE(since(look()).empty()); }

TEST_F(WrapWatch, SeesAFileDeepBelowThatChangedThoughItsTimesWereSetBack) {
  const Look before = look();
  struct stat old {};
  ASSERT_EQ(::stat(at("hooks/inner/a").c_str(), &old), 0);
  write("hooks/inner/a", "two");
  const timespec times[2] = {old.st_atim, old.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("hooks/inner/a").c_str(), times, 0), 0);
  EXPECT_EQ(since(before), (std::vector<Change>{{at("hooks"), Change::Kind::kChanged}}));
}

TEST_F(WrapWatch, SeesWhatWasMadeAndRemoved) {
  const Look before = look();
  write("absent", "x");
  std::filesystem::remove(at("config"));
  EXPECT_EQ(since(before),
            (std::vector<Change>{{at("absent"), Change::Kind::kMade}, {at("config"), Change::Kind::kRemoved}}));
}

TEST_F(WrapWatch, ASwappedFolderIsAChange) {
  const Look before = look();
  std::filesystem::rename(at("hooks"), at("old"));
  std::filesystem::copy(at("old"), at("hooks"), std::filesystem::copy_options::recursive);
  EXPECT_EQ(since(before), (std::vector<Change>{{at("hooks"), Change::Kind::kChanged}}));
}

TEST_F(WrapWatch, ACoverIsNothing) {
  const Look before = look();
  ASSERT_EQ(::mknod(at("absent").c_str(), S_IFSOCK | 0600, 0), 0);
  ASSERT_EQ(::mknod(at("hooks/inner/cover").c_str(), S_IFSOCK | 0600, 0), 0);
  std::filesystem::remove(at("hooks/inner/cover"));
  EXPECT_TRUE(since(before).empty());
}

TEST_F(WrapWatch, ALinkIsNotFollowed) {
  std::filesystem::create_symlink("/etc", at("absent"));
  const Look before = look();
  EXPECT_TRUE(since(before).empty());
  std::filesystem::remove(at("absent"));
  std::filesystem::create_symlink("/usr", at("absent"));
  EXPECT_EQ(since(before).size(), 1U);
}

}  // namespace
}  // namespace confide::agents
