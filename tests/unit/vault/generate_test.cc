#include "secrets/vault/generate.h"

#include <set>

#include "support.h"

namespace confide::vault {
namespace {

std::string drawn(std::string_view kind) {
  secrets::SecretArena arena(secrets::Backing::kLockedMemory);
  EXPECT_TRUE(start_crypto());
  return text_of(generate(kind, arena).value());
}

TEST(Generate, HasTheLengthAndAlphabetOfItsKind) {
  EXPECT_EQ(drawn("alnum").size(), 40U);
  EXPECT_EQ(drawn("alnum:12").size(), 12U);
  EXPECT_EQ(drawn("hex:32").find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(drawn("base64url").size(), 43U);
  EXPECT_EQ(drawn("password").size(), 24U);
  const std::string uuid = drawn("uuid");
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
}

TEST(Generate, DrawsEveryCharacterAndNothingTwice) {
  std::set<std::string> seen;
  std::set<char> characters;
  for (int i = 0; i < 200; ++i) {
    const std::string value = drawn("alnum:40");
    EXPECT_TRUE(seen.insert(value).second);
    characters.insert(value.begin(), value.end());
  }
  EXPECT_EQ(characters.size(), 62U);
}

TEST(Generate, RefusesOtherKinds) {
  for (const char* kind : {"", "alnum:", "alnum:7", "alnum:1025", "alnum:x", "uuid:36", "pin", "hex:-8"})
    EXPECT_FALSE(check_generator(kind)) << kind;
}

}  // namespace
}  // namespace confide::vault
