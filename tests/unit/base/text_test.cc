#include "base/text.h"

#include <gtest/gtest.h>

namespace confide {
namespace {

TEST(Text, CatJoinsStringsCharactersAndIntegers) { EXPECT_EQ(cat("a", 'b', 3, std::string("c"), -4L), "ab3c-4"); }

TEST(Text, PrintableKeepsUtf8AndEscapesControlsAndBrokenBytes) {
  EXPECT_EQ(printable("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(printable("a\nb\x1b[0m"), "a\\x0ab\\x1b[0m");
  EXPECT_EQ(printable("\xC2\x9B"
                      "x"),
            "\\xc2\\x9bx");
  EXPECT_EQ(printable("\xFF\xC0\x80"), "\\xff\\xc0\\x80");
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "a surrogate is not UTF-8";
}

TEST(Text, ShellQuoteLeavesHarmlessWordsAlone) {
  EXPECT_EQ(shell_quote("npm"), "npm");
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
}

TEST(Text, DurationsHaveUnitsAndLimits) {
  EXPECT_EQ(parse_duration_ms("30s"), 30'000);
  EXPECT_EQ(parse_duration_ms("30"), 30'000);
  EXPECT_EQ(parse_duration_ms("250ms"), 250);
  EXPECT_EQ(parse_duration_ms("2h"), 7'200'000);
  for (const char* bad : {"", "s", "-1s", "1.5s", "1w", "9999999999d", "1 s"})
    EXPECT_EQ(parse_duration_ms(bad), std::nullopt) << bad;
}

TEST(Text, SizesArePowersOf1024) {
  EXPECT_EQ(parse_size("2G"), 2UL << 30);
  EXPECT_EQ(parse_size("10"), 10UL);
  for (const char* bad : {"", "G", "1X", "-1", "99999999999999999999", "99999999T"})
    EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
}

TEST(Text, NearestFindsTheTypo) {
  EXPECT_EQ(nearest("netwrok", {"network", "name"}), "network");
  EXPECT_EQ(nearest("zebra", {"network", "name"}), std::nullopt);
  EXPECT_EQ(did_you_mean("netwrok", {"network", "name"}), "; did you mean `network`?");
  EXPECT_EQ(did_you_mean("zebra", {"network", "name"}), "");
}

}  // namespace
}  // namespace confide
