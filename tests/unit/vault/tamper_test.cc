// Every file of a vault torn, cut, flipped, swapped, older, missing: an error that names it, and what was stored comes
// back with it.
#include <functional>

#include "support.h"

namespace confide::vault {
namespace {

class Tampered : public testing::Test {
 protected:
  void SetUp() override {
    Vault vault = place_.create().value();
    put(vault, "A", "value of a");
    put(vault, "B", "value of b");
    put(vault, "B", "newer of b");
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place_.path()))
      if (entry.is_regular_file()) files_[entry.path()] = read(entry.path());
    ASSERT_EQ(files_.size(), 6U);
  }

  // The first error of opening and reading everything; empty: all is right.
  std::string problem() const {
    auto vault = place_.open();
    if (!vault) return to_text(vault.error());
    secrets::SecretArena arena(secrets::Backing::kLockedMemory);
    for (const auto& [name, version, text] :
         {std::tuple("A", 1, "value of a"), std::tuple("B", 1, "value of b"), std::tuple("B", 2, "newer of b")}) {
      const auto value = vault->get(name, version, arena);
      if (!value) return to_text(value.error());
      EXPECT_EQ(text_of(*value), text) << "a wrong value";
    }
    return "";
  }
  void expect_named(const std::string& path, const std::string& what) const {
    const std::string said = problem();
    EXPECT_NE(said.find(path), std::string::npos) << what << " of " << path << ": \"" << said << '"';
  }
  void restore() const {
    for (const auto& [path, bytes] : files_) write(path, bytes);
    EXPECT_EQ(problem(), "");
  }

  Place place_;
  std::map<std::string, std::string> files_;
};

TEST_F(Tampered, NothingIsWrongAtFirst) { EXPECT_EQ(problem(), ""); }

TEST_F(Tampered, EveryFlippedByteIsSeen) {
  for (const auto& [path, bytes] : files_) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x40);
      write(path, damaged);
      expect_named(path, "byte " + std::to_string(i));
    }
    write(path, bytes);
  }
  restore();
}

TEST_F(Tampered, EveryLengthButItsOwnIsSeen) {
  for (const auto& [path, bytes] : files_) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      write(path, bytes.substr(0, size));
      expect_named(path, "length " + std::to_string(size));
    }
    write(path, bytes + "x");
    expect_named(path, "one byte more");
    write(path, bytes);
  }
  restore();
}

TEST_F(Tampered, EveryMissingFileIsSeen) {
  for (const auto& [path, bytes] : files_) {
    std::filesystem::remove(path);
    expect_named(path, "absence");
    write(path, bytes);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
  }
  restore();
}

TEST_F(Tampered, EverySwapIsSeen) {
  for (const auto& [left, left_bytes] : files_) {
    for (const auto& [right, right_bytes] : files_) {
      if (left >= right) continue;
      write(left, right_bytes);
      write(right, left_bytes);
      const std::string said = problem();
      EXPECT_TRUE(said.find(left) != std::string::npos || said.find(right) != std::string::npos)
          << left << ' ' << right << ": " << said;
      write(left, left_bytes);
      write(right, right_bytes);
    }
  }
  restore();
}

TEST_F(Tampered, OtherVaultsFilesAreSeen) {
  const Place other;
  Vault vault = other.create().value();
  put(vault, "A", "another value");
  put(vault, "B", "value of b");
  put(vault, "B", "newer of b");
  for (const char* name : {"key/master", "key/count", "store/index"}) {
    write(place_.path_of(name), read(other.path_of(name)));
    EXPECT_NE(problem(), "") << name;
    restore();
  }
}

TEST_F(Tampered, DamageChangesNothing) {
  const std::string path = place_.path_of("store/index");
  write(path, files_[path].substr(0, 50));
  ASSERT_FALSE(place_.open());
  ASSERT_FALSE(place_.open(Freshness::kAnyStore));
  ASSERT_FALSE(place_.create());
  for (const auto& [file, bytes] : files_) {
    if (file != path) {
      EXPECT_EQ(read(file), bytes) << file;
    }
  }
  restore();
}

class Older : public Tampered {
 protected:
  void SetUp() override {
    Tampered::SetUp();
    Vault vault = place_.open().value();
    put(vault, "A", "newest of a");
  }
  void bring_back(const std::string& name) { write(place_.path_of(name), files_[place_.path_of(name)]); }
};

TEST_F(Older, StoreIsNoticedAndCanBeAccepted) {
  bring_back("store/index");
  const auto opened = place_.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().what, place_.path_of("store/index") +
                                     " is older than the one that was written last (4 < 5); if you restored a backup: "
                                     "confide vault accept-restore");
  Vault vault = place_.open(Freshness::kAnyStore).value();
  ASSERT_TRUE(vault.accept_restore());
  Vault after = place_.open().value();
  EXPECT_EQ(get(after, "A"), "value of a");
  EXPECT_EQ(after.index().count, 6U) << "above everything that was written";
}

TEST_F(Older, CountIsNoError) {
  // What a power cut between the index and its count leaves.
  bring_back("key/count");
  Vault vault = place_.open().value();
  EXPECT_EQ(get(vault, "A"), "newest of a");
  put(vault, "C", "c");
  EXPECT_TRUE(place_.open());
}

TEST_F(Older, SameCountWithOtherContentIsNoticed) {
  // Two copies of the vault that went different ways.
  const Place copy;
  std::filesystem::copy(place_.path(), copy.path(), std::filesystem::copy_options::recursive);
  Vault here = place_.open().value();
  put(here, "A", "here");
  Vault there = copy.open().value();
  put(there, "A", "there");
  write(place_.path_of("store/index"), read(copy.path_of("store/index")));
  const auto opened = place_.open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().what.find("is not the one that was written last"), std::string::npos);
}

TEST(CutShort, MakingAVaultCanBeFinished) {
  for (const char* missing : {"key/count", "store/index"}) {
    const Place place;
    ASSERT_TRUE(place.create());
    std::filesystem::remove(place.path_of("key/count"));
    std::filesystem::remove(place.path_of(missing));
    Vault vault = place.open().value();
    put(vault, "A", "value");
    Vault after = place.open().value();
    EXPECT_EQ(get(after, "A"), "value");
  }
}

TEST(CutShort, LeftFilesAreCollected) {
  const Place place;
  Vault vault = place.create().value();
  put(vault, "A", "value");
  write(place.path_of("store/items/00112233445566778899aabbccddeeff"), "half an item");
  write(place.path_of("store/index.new"), "half an index");
  EXPECT_EQ(get(vault, "A"), "value");
  EXPECT_EQ(vault.collect(10).value().files, 1U);
  put(vault, "B", "b");
  EXPECT_FALSE(std::filesystem::exists(place.path_of("store/index.new")));
  EXPECT_TRUE(place.open());
}

TEST(CutShort, KeyWithoutWhichThereIsAStoreIsNotMadeAnew) {
  const Place place;
  ASSERT_TRUE(place.create());
  std::filesystem::remove(place.path_of("key/master"));
  EXPECT_FALSE(Vault::exists(place.fd(), place.path()));
  EXPECT_FALSE(place.create());
}

}  // namespace
}  // namespace confide::vault
