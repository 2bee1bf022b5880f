#include "secrets/vault/vault.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

namespace confide::vault {
namespace {

TEST(Vault, KeepsValuesByteForByteAcrossOpenings) {
  const Place place;
  ASSERT_FALSE(*Vault::exists(place.fd(), place.path()));
  std::string binary;
  for (int i = 0; i < 256; ++i) binary += static_cast<char>(i);
  const std::string large(secrets::kMaxSecretBytes, 'x');
  {
    Vault vault = place.create().value();
    EXPECT_EQ(put(vault, "TOKEN", "one"), 1U);
    EXPECT_EQ(put(vault, "staging/KEY", binary), 1U);
    EXPECT_EQ(put(vault, "empty", ""), 1U);
    EXPECT_EQ(put(vault, "large", large), 1U);
  }
  ASSERT_TRUE(*Vault::exists(place.fd(), place.path()));
  Vault vault = place.open().value();
  EXPECT_EQ(get(vault, "TOKEN"), "one");
  EXPECT_EQ(get(vault, "staging/KEY"), binary);
  EXPECT_EQ(get(vault, "empty"), "");
  EXPECT_EQ(get(vault, "large"), large);
  EXPECT_EQ(get(vault, "KEY"), "the vault has no secret KEY");
}

TEST(Vault, RefusesWhatIsTooLargeOrMisnamed) {
  const Place place;
  Vault vault = place.create().value();
  const SecretBuffer value = secret("v");
  for (const char* name : {"", "/", "a/", "/a", "a/b/c", "..", "a/..", "a b", "é", "a\n"}) {
    const NewVersion version{.name = name, .value = &value, .expires = {}, .generated = {}};
    EXPECT_FALSE(vault.put({&version, 1})) << name;
  }
  const SecretBuffer large = secret(std::string(secrets::kMaxSecretBytes + 1, 'x'));
  const NewVersion version{.name = "large", .value = &large, .expires = {}, .generated = {}};
  EXPECT_FALSE(vault.put({&version, 1}));
  EXPECT_TRUE(vault.index().entries.empty());
}

TEST(Vault, KeepsVersions) {
  const Place place;
  Vault vault = place.create().value();
  for (const char* text : {"first", "second", "third"}) put(vault, "TOKEN", text);
  EXPECT_EQ(get(vault, "TOKEN"), "third");
  EXPECT_EQ(get(vault, "TOKEN", 1), "first");
  EXPECT_EQ(get(vault, "TOKEN", 2), "second");
  EXPECT_EQ(get(vault, "TOKEN", 4), "the vault has no version 4 of TOKEN; the newest is 3");

  EXPECT_EQ(vault.collect(2).value().versions, 1U);
  EXPECT_EQ(get(vault, "TOKEN", 1), "the vault has no version 1 of TOKEN; the newest is 3");
  EXPECT_EQ(get(vault, "TOKEN", 2), "second");
  EXPECT_EQ(put(vault, "TOKEN", "fourth"), 4U);
  EXPECT_EQ(vault.collect(0).value().versions, 2U) << "the newest stays";
  EXPECT_EQ(get(vault, "TOKEN"), "fourth");
}

TEST(Vault, RemovesASecretWithItsFiles) {
  const Place place;
  Vault vault = place.create().value();
  put(vault, "A", "1");
  put(vault, "A", "2");
  put(vault, "B", "3");
  ASSERT_TRUE(vault.remove("A"));
  EXPECT_FALSE(vault.remove("A"));
  EXPECT_EQ(get(vault, "A"), "the vault has no secret A");
  EXPECT_EQ(get(vault, "B"), "3");
  const std::filesystem::directory_iterator items(place.path_of("store/items"));
  EXPECT_EQ(std::distance(begin(items), end(items)), 1);
}

TEST(Vault, PutsAllOrNone) {
  const Place place;
  Vault vault = place.create().value();
  const SecretBuffer value = secret("v");
  const NewVersion versions[] = {{.name = "A", .value = &value, .expires = {}, .generated = {}},
                                 {.name = "not a name", .value = &value, .expires = {}, .generated = {}}};
  EXPECT_FALSE(vault.put(versions));
  EXPECT_EQ(get(vault, "A"), "the vault has no secret A");

  std::vector<NewVersion> many;
  for (int i = 0; i < 100; ++i)
    many.push_back({.name = "N" + std::to_string(i), .value = &value, .expires = {}, .generated = {}});
  ASSERT_TRUE(vault.put(many));
  EXPECT_EQ(vault.index().entries.size(), 100U);
}

TEST(Vault, SeesWhatAnotherWrote) {
  const Place place;
  Vault one = place.create().value();
  Vault two = place.open().value();
  put(one, "A", "from one");
  EXPECT_EQ(get(two, "A"), "from one");
  put(two, "A", "from two");
  EXPECT_EQ(put(one, "B", "b"), 1U);
  EXPECT_EQ(get(one, "A"), "from two") << "a writer reads the index anew";
  ASSERT_TRUE(one.collect(1));
  EXPECT_EQ(get(two, "A"), "from two");
}

TEST(Vault, IsMadeOnce) {
  const Place place;
  ASSERT_TRUE(place.create());
  const auto again = place.create();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().what, "there is a vault already: " + place.path());
}

TEST(Vault, WritersWaitForEachOther) {
  const Place place;
  Vault vault = place.create().value();
  constexpr int kWriters = 4;
  constexpr int kEach = 10;
  for (int w = 0; w < kWriters; ++w) {
    if (::fork() != 0) continue;
    auto mine = place.open();
    bool all = mine.has_value();
    for (int i = 0; all && i < kEach; ++i) {
      const SecretBuffer value = secret("v");
      const NewVersion version{.name = "SHARED", .value = &value, .expires = {}, .generated = {}};
      all = mine->put({&version, 1}).has_value();
    }
    ::_exit(all ? 0 : 1);
  }
  for (int w = 0; w < kWriters; ++w) {
    int status = -1;
    ASSERT_GT(::wait(&status), 0);
    EXPECT_EQ(status, 0);
  }
  Vault after = place.open().value();
  EXPECT_EQ(after.index().entries.at("SHARED").versions.size(), size_t{kWriters} * kEach);
}

KeyHelpers typing(std::string text, int* asked = nullptr) {
  return {.passphrase =
              [text, asked](AskFor) {
                if (asked != nullptr) ++*asked;
                return SecretBuffer::copy_from(std::as_bytes(std::span(text)));
              },
          .seal = {},
          .unseal = {}};
}

TEST(VaultKey, PassphraseIsNeededEachTime) {
  const Place place;
  {
    Vault vault = place.create(KeyKind::kPassphrase, typing("correct horse")).value();
    put(vault, "A", "value");
  }
  int asked = 0;
  Vault vault = place.open(Freshness::kRequired, typing("correct horse", &asked)).value();
  EXPECT_EQ(get(vault, "A"), "value");
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(vault.confirm_person(typing("correct horse")));
  EXPECT_FALSE(vault.confirm_person(typing("wrong horse")));
  const auto wrong = place.open(Freshness::kRequired, typing("wrong horse"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().what, place.path_of("key/master") + ": the passphrase is wrong (or the key file is damaged)");
  EXPECT_FALSE(place.open(Freshness::kRequired, {})) << "nobody to ask";
}

TEST(VaultKey, ShortPassphraseIsRefusedAndMakesNothing) {
  const Place place;
  EXPECT_FALSE(place.create(KeyKind::kPassphrase, typing("short")));
  EXPECT_TRUE(std::filesystem::is_empty(place.path()));
}

TEST(VaultKey, CanBeChanged) {
  const Place place;
  Vault vault = place.create().value();
  put(vault, "A", "value");
  ASSERT_TRUE(vault.change_key(KeyKind::kPassphrase, typing("correct horse")));
  EXPECT_FALSE(place.open());
  Vault after = place.open(Freshness::kRequired, typing("correct horse")).value();
  EXPECT_EQ(get(after, "A"), "value");
}

TEST(VaultKey, IsSealedByAHelper) {
  const Place place;
  const KeyHelpers helpers = {
      .passphrase = {},
      .seal = [](const SecretBuffer& key) -> Result<std::string> { return text_of(key); },
      .unseal = [](std::string_view credential) { return Result<SecretBuffer>(secret(credential)); }};
  {
    Vault vault = place.create(KeyKind::kSystemdCreds, helpers).value();
    put(vault, "A", "value");
  }
  Vault vault = place.open(Freshness::kRequired, helpers).value();
  EXPECT_EQ(get(vault, "A"), "value");
  EXPECT_FALSE(place.open());
}

TEST(VaultKey, FileOfOthersIsRefused) {
  const Place place;
  ASSERT_TRUE(place.create());
  ASSERT_EQ(::chmod(place.path_of("key/master").c_str(), 0640), 0);
  const auto opened = place.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().what,
            place.path_of("key/master") + " is open to others: it must be yours and have mode 0600");
}

TEST(VaultFiles, AreTheUsersOwn) {
  const Place place;
  {
    Vault vault = place.create().value();
    put(vault, "A", "value");
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place.path())) {
    const auto mode = entry.status().permissions() & std::filesystem::perms::mask;
    EXPECT_EQ(static_cast<unsigned>(mode), entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
}

TEST(VaultFiles, HoldNoValueAndNoName) {
  const Place place;
  Vault vault = place.create().value();
  put(vault, "staging/CANARY-NAME", "CANARY-VALUE-12345678");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(place.path())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read(entry.path()).find("CANARY"), std::string::npos) << entry.path();
  }
}

}  // namespace
}  // namespace confide::vault
