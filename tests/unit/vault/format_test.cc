#include "secrets/vault/format.h"

#include <gtest/gtest.h>

#include "support.h"

namespace confide::vault {
namespace {

TEST(IndexFormat, ComesBackAsItWas) {
  Index index{.count = 7, .entries = {}};
  index.entries["A"] = {.versions = {{1, std::string(16, 'i'), 1700000000, 12}, {3, std::string(16, 'j'), -1, 0}},
                        .expires = 1800000000,
                        .generated = "alnum:40"};
  index.entries["staging/B"] = {.versions = {{9, std::string(16, '\0'), 0, 1}}, .expires = {}, .generated = {}};
  EXPECT_EQ(decode_entries(7, encode_entries(index)).value(), index);
  EXPECT_EQ(decode_entries(0, encode_entries(Index{})).value(), Index{});
}

TEST(IndexFormat, RefusesEveryCut) {
  Index index{.count = 7, .entries = {}};
  index.entries["A"] = {.versions = {{1, std::string(16, 'i'), 5, 12}}, .expires = 6, .generated = "hex"};
  const std::string bytes = encode_entries(index);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_entries(7, bytes.substr(0, size))) << size;
  EXPECT_FALSE(decode_entries(7, bytes + '\0'));
}

TEST(IndexFormat, RefusesASecretWithoutVersionAndVersionsOutOfOrder) {
  Index index;
  index.entries["A"] = {};
  EXPECT_FALSE(decode_entries(1, encode_entries(index)));
  index.entries["A"].versions = {{2, std::string(16, 'i'), 5, 12}, {2, std::string(16, 'j'), 5, 12}};
  EXPECT_FALSE(decode_entries(1, encode_entries(index)));
}

TEST(KeyKinds, HaveNames) {
  for (const KeyKind kind : {KeyKind::kPassphrase, KeyKind::kKeyring, KeyKind::kSystemdCreds, KeyKind::kFile})
    EXPECT_EQ(parse_key_kind(name_of(kind)), kind);
  EXPECT_FALSE(parse_key_kind("tpm"));
}

}  // namespace
}  // namespace confide::vault
