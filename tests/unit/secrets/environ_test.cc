#include "secrets/environ.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/sys.h"
#include "tests/unit/secrets/support.h"

namespace confide::secrets {
namespace {

using namespace std::string_view_literals;
using testing::secret;

Environ environ_of(std::string_view block) { return Environ(secret(block)); }

std::optional<std::string> get(const Environ& environ, std::string_view name) {
  std::optional<std::string> value;
  environ.find(name, [&](std::span<const std::byte> bytes) { value = std::string(as_text(bytes)); });
  return value;
}
std::optional<std::string> get_any_case(const Environ& environ, std::string_view name) {
  std::optional<std::string> value;
  environ.find_any_case(name, [&](std::span<const std::byte> bytes) { value = std::string(as_text(bytes)); });
  return value;
}

constexpr auto kBlock = "A=1\0a=2\0Proxy=p\0E=\0bare\0=x\0A=again\0B=x=y"sv;

TEST(Environ, FindsByExactName) {
  const auto environ = environ_of(kBlock);
  EXPECT_EQ(get(environ, "A"), "1");
  EXPECT_EQ(get(environ, "a"), "2");
  EXPECT_EQ(get(environ, "E"), "");
  EXPECT_EQ(get(environ, "B"), "x=y");
  EXPECT_EQ(get(environ, "bare"), std::nullopt);
  EXPECT_EQ(get(environ, ""), std::nullopt);
  EXPECT_EQ(get(environ, "PROXY"), std::nullopt);
  EXPECT_EQ(get(Environ(), "A"), std::nullopt);
}

TEST(Environ, FindsTheOnlyOneThatDiffersInCase) {
  EXPECT_EQ(get_any_case(environ_of(kBlock), "PROXY"), "p");
  EXPECT_EQ(get_any_case(environ_of(kBlock), "A"), "1");
  const auto both = environ_of("no_proxy=1\0No_Proxy=2\0"sv);
  EXPECT_EQ(get_any_case(both, "NO_PROXY"), std::nullopt);
  EXPECT_EQ(get_any_case(both, "no_proxy"), "1");
  EXPECT_EQ(get_any_case(environ_of("x=1\0x=2\0"sv), "X"), "1");
}

TEST(Environ, ReferencesNameAStore) {
  constexpr auto block =
      "A=op://v/i/f\0B=plain\0C=file:///etc/x\0D=env:X\0E=vault://bad\0F=x op://v/i/f\0G=confide://API_KEY\0"sv;
  std::string found;
  for (const auto& [name, text] : environ_of(block).references()) found += name + "=" + text + " ";
  EXPECT_EQ(found, "A=op://v/i/f E=vault://bad G=confide://API_KEY ");
}

TEST(Environ, ReadsADescriptor) {
  auto pipe = sys::pipe().value();
  ASSERT_TRUE(sys::write_all(pipe.write.get(), kBlock).has_value());
  pipe.write.reset();
  EXPECT_EQ(get(Environ::read(pipe.read.get()).value(), "B"), "x=y");
  EXPECT_FALSE(Environ::read(-1).has_value());
}

}  // namespace
}  // namespace confide::secrets
