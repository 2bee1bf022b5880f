// What `env import --rewrite` makes of files: each case is the file before and after, and what the vault then holds.
#include "broker/import_env.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/sys.h"

namespace confide::broker {
namespace {

struct Kept {
  std::string name;
  std::string value;
};
struct Sample {
  std::string before;
  std::string after;
  std::vector<Kept> kept;
};

class Import : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "import.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    for (const char* name : {"vault", "config", "project"}) std::filesystem::create_directory(path_ + "/" + name);
    vault_fd_ = sys::openat(AT_FDCWD, path_ + "/vault", O_RDONLY | O_DIRECTORY).value();
    config_fd_ = sys::openat(AT_FDCWD, path_ + "/config", O_RDONLY | O_DIRECTORY).value();
    project_fd_ = sys::openat(AT_FDCWD, path_ + "/project", O_RDONLY | O_DIRECTORY).value();
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  std::string file() const { return path_ + "/project/.env"; }
  void write(const std::string& text) const { std::ofstream(file(), std::ios::binary) << text; }
  std::string read() const { return sys::read_file(file(), 1 << 20).value(); }

  Result<Imported> import(ImportEnvironment::Rewrite rewrite = ImportEnvironment::Rewrite::kYes) {
    VaultAccess vault(vault_fd_.get(), -1, arena_);
    const Environments environments(config_fd_.get());
    const secrets::Environ environ;
    return import_environment({"dev", ".env", rewrite}, sys::openat(AT_FDCWD, file(), O_RDONLY).value(),
                              {vault, environments, environ, arena_, project_fd_.get()}, notes_);
  }
  std::string value(const std::string& name, std::optional<uint64_t> version = {}) {
    VaultAccess vault(vault_fd_.get(), -1, arena_);
    const auto found = vault.resolve({"dev", name, version});
    if (!found) return to_text(found.error());
    return found->reveal([](std::span<const std::byte> bytes) { return std::string(secrets::as_text(bytes)); });
  }

  std::string path_;
  UniqueFd vault_fd_, config_fd_, project_fd_;
  secrets::SecretArena arena_{secrets::Backing::kLockedMemory};
  std::vector<std::string> notes_;
};

TEST_F(Import, KeepsEverythingButTheValues) {
  const Sample samples[] = {
      {"A=one\n", "A=confide://dev/A\n", {{"A", "one"}}},
      {"A=one", "A=confide://dev/A", {{"A", "one"}}},
      {"A=one\r\nB=two\r\n", "A=confide://dev/A\r\nB=confide://dev/B\r\n", {{"A", "one"}, {"B", "two"}}},
      {"A='single $x'\n", "A='confide://dev/A'\n", {{"A", "single $x"}}},
      {"A=\"double \\\"q\\\"\"\n", "A=\"confide://dev/A\"\n", {{"A", "double \"q\""}}},
      {"export A=one # why\n", "export A=confide://dev/A # why\n", {{"A", "one"}}},
      {"# note\n\nA=one\n# end", "# note\n\nA=confide://dev/A\n# end", {{"A", "one"}}},
      {"A=one\nB=x-$A\n", "A=confide://dev/A\nB=confide://dev/B\n", {{"B", "x-one"}}},
      {"A=\"two\nlines\"\nB=b\n", "A=\"confide://dev/A\"\nB=confide://dev/B\n", {{"A", "two\nlines"}, {"B", "b"}}},
      {"A=op://a/b/c\nB=two\n", "A=op://a/b/c\nB=confide://dev/B\n", {{"B", "two"}}},
      {"A=\nB=two\n", "A=\nB=confide://dev/B\n", {{"B", "two"}}},
      {"A=\"x {{ op://a/b/c }}\"\nB=two\n", "A=\"x {{ op://a/b/c }}\"\nB=confide://dev/B\n", {{"B", "two"}}},
  };
  for (const Sample& sample : samples) {
    TearDown();
    SetUp();
    write(sample.before);
    const auto imported = import();
    ASSERT_TRUE(imported) << sample.before << to_text(imported.error());
    EXPECT_EQ(read(), sample.after);
    for (const Kept& kept : sample.kept) EXPECT_EQ(value(kept.name), kept.value) << sample.before;
  }
}

TEST_F(Import, OfARepeatedNameNothingStaysAndNothingIsLost) {
  write("A=first\nA=second\n");
  ASSERT_TRUE(import());
  EXPECT_EQ(read(), "A=confide://dev/A\nA=confide://dev/A\n");
  EXPECT_EQ(value("A"), "second");
  EXPECT_EQ(value("A", 1), "first");
}

TEST_F(Import, TheSecondTimeThereIsNothingToMove) {
  write("A=one\n");
  ASSERT_TRUE(import()->rewritten);
  const auto again = import();
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->rewritten);
  EXPECT_EQ(again->variables.front().what, ImportedRow::What::kReference);
  EXPECT_EQ(value("A"), "one");
}

TEST_F(Import, WithoutRewriteTheFileIsLeft) {
  write("A=one\n");
  ASSERT_TRUE(import(ImportEnvironment::Rewrite::kNo));
  EXPECT_EQ(read(), "A=one\n");
  EXPECT_EQ(value("A"), "one");
  EXPECT_EQ(notes_.back(), ".env still holds the values; with --rewrite references take their place");
}

TEST_F(Import, KeepsTheModeAndLeavesNothingBeside) {
  write("A=one\n");
  ASSERT_EQ(::chmod(file().c_str(), 0640), 0);
  ASSERT_TRUE(import());
  struct stat about {};
  ASSERT_EQ(::stat(file().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0640U);
  const std::filesystem::directory_iterator entries(path_ + "/project");
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST_F(Import, AFileThatIsWrongChangesNothing) {
  write("A=one\nB=\"open\n");
  EXPECT_FALSE(import());
  EXPECT_EQ(read(), "A=one\nB=\"open\n");
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/vault"));
}

TEST_F(Import, PointsOutOldKeysInComments) {
  write("A=one\n#OLD_TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789\n");
  ASSERT_TRUE(import());
  EXPECT_EQ(notes_.back(), ".env:2: a comment looks like a credential and was left as it is");
}

}  // namespace
}  // namespace confide::broker
