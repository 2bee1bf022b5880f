#include "trust/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "trust/digest.h"

namespace confide::trust {
namespace {

const std::string kDigest(64, 'a');

class Allowed : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/trust.XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    home_ = name;
    entry_ = home_ + "/.local/state/confide/allowed/" + sha256_hex("/p");
  }
  void TearDown() override { std::filesystem::remove_all(home_); }
  void allow() { ASSERT_TRUE(Store(home_).allow("/p", kDigest)); }
  // Whether the store refuses to say anything.
  bool refuses() const {
    const auto found = Store(home_).allowed_digest("/p");
    return !found && found.error().kind == ErrorKind::kRefused;
  }
  std::string home_, entry_;
};

TEST(Digest, OfThreeBytes) {  // FIPS 180-4's own example
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Allowed, NothingAtFirst) {
  EXPECT_EQ(*Store(home_).allowed_digest("/p"), std::nullopt);
  EXPECT_FALSE(*Store(home_).deny("/p"));
  EXPECT_FALSE(std::filesystem::exists(home_ + "/.local"));
}

TEST_F(Allowed, WhatWasAllowedUntilItIsDenied) {
  allow();
  EXPECT_EQ(*Store(home_).allowed_digest("/p"), kDigest);
  EXPECT_EQ(*Store(home_).allowed_digest("/p/q"), std::nullopt);
  ASSERT_TRUE(Store(home_).allow("/p", std::string(64, 'b')));
  EXPECT_EQ(*Store(home_).allowed_digest("/p"), std::string(64, 'b'));
  EXPECT_TRUE(*Store(home_).deny("/p"));
  EXPECT_EQ(*Store(home_).allowed_digest("/p"), std::nullopt);
}

TEST_F(Allowed, IsTheAccountsAlone) {
  allow();
  struct stat found {};
  ASSERT_EQ(::stat(entry_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0600U);
  ASSERT_EQ(::stat((home_ + "/.local/state/confide").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0700U);
}

TEST_F(Allowed, IsNotBelievedWhereOthersCouldWrite) {
  for (const std::string& path : {entry_, home_ + "/.local/state/confide/allowed", home_ + "/.local/state/confide"}) {
    allow();
    ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
    EXPECT_TRUE(refuses()) << path;
    ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
    EXPECT_FALSE(refuses()) << path;
  }
}

TEST_F(Allowed, IsNotBelievedBehindALink) {
  allow();
  std::filesystem::rename(entry_, home_ + "/elsewhere");
  std::filesystem::create_symlink(home_ + "/elsewhere", entry_);
  EXPECT_TRUE(refuses());
  std::filesystem::remove(entry_);
  const std::string folder = home_ + "/.local/state/confide";
  std::filesystem::rename(folder, home_ + "/moved");
  std::filesystem::create_symlink(home_ + "/moved", folder);
  EXPECT_TRUE(refuses());
  EXPECT_FALSE(Store(home_).allow("/p", kDigest));
}

TEST_F(Allowed, IsNotBelievedWhereItIsDamaged) {
  allow();
  for (const std::string& text : {std::string(), std::string("x"), "path /q\nsha256 " + kDigest + "\n",
                                  "path /p\nsha256 " + kDigest, std::string(20000, 'x')}) {
    std::ofstream(entry_) << text;
    EXPECT_TRUE(refuses()) << text.substr(0, 100);
  }
  std::filesystem::remove(entry_);
  ASSERT_EQ(::mkfifo(entry_.c_str(), 0600), 0);
  EXPECT_TRUE(refuses());
}

TEST_F(Allowed, IsNotBelievedOfAnotherUser) {
  if (::geteuid() != 0) return;  // only root can give files away; the other cases are everybody's
  allow();
  ASSERT_EQ(::chown(entry_.c_str(), 4242, 4242), 0);
  EXPECT_TRUE(refuses());
}

}  // namespace
}  // namespace confide::trust
