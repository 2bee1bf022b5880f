#include "secrets/env_file.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/secrets/support.h"

namespace confide::secrets {
namespace {

using namespace std::string_view_literals;
using testing::secret;
using testing::text_of;

using Entries = std::vector<std::pair<std::string_view, std::string_view>>;
struct Case {
  std::string_view text;
  Entries entries;
  std::string_view error = {};  // behind the file's name; empty: none
};

constexpr std::string_view kUnset =
    "the variable here is not set and has no default; a literal '$' is \\$ or in single quotes";
constexpr std::string_view kForms = "only ${NAME} and ${NAME:-default} are understood here";

// The environment of every case: APP_ENV=prod, HOME=/home/me, EMPTY=, Mixed=case, REF=op://v/i/f.
constexpr auto kEnviron = "APP_ENV=prod\0HOME=/home/me\0EMPTY=\0Mixed=case\0REF=op://v/i/f\0"sv;

const Case kGolden[] = {
    // Lines, comments, white space
    {"", {}},
    {"\n\n  \n\t\n", {}},
    {"# comment", {}},
    {"  # A=1\n", {}},
    {"A=1", {{"A", "1"}}},
    {"A=1\n", {{"A", "1"}}},
    {"A=1\nB=2\n", {{"A", "1"}, {"B", "2"}}},
    {"A=1\r\nB=2\r\n", {{"A", "1"}, {"B", "2"}}},
    {"\r\nA=1\r\n\r\n", {{"A", "1"}}},
    {"A=1\r", {{"A", "1"}}},
    {"\xef\xbb\xbf"
     "A=1\n",
     {{"A", "1"}}},
    {"\xef\xbb\xbf# c\nA=1", {{"A", "1"}}},
    {"  A=1", {{"A", "1"}}},
    {"A = 1", {{"A", "1"}}},
    {"A\t=\t1\t", {{"A", "1"}}},
    {"A=1 2 3  ", {{"A", "1 2 3"}}},
    {"A=1\nA=2", {{"A", "1"}, {"A", "2"}}},
    // Names
    {"export A=1", {{"A", "1"}}},
    {"export\t A=1", {{"A", "1"}}},
    {"export=1", {{"export", "1"}}},
    {"export =1", {{"export", "1"}}},
    {"exportA=1", {{"exportA", "1"}}},
    {"_a9=1", {{"_a9", "1"}}},
    {"spring.datasource-url=1", {{"spring.datasource-url", "1"}}},
    // Bare values
    {"A=", {{"A", ""}}},
    {"A= \nB=1", {{"A", ""}, {"B", "1"}}},
    {"A=a=b==", {{"A", "a=b=="}}},
    {"A=a#b", {{"A", "a#b"}}},
    {"A=#b", {{"A", "#b"}}},
    {"A=a #b", {{"A", "a"}}},
    {"A=a\t# b", {{"A", "a"}}},
    {"A= # b", {{"A", ""}}},
    {"A=a \\#b", {{"A", "a #b"}}},
    {"A=a #b #c", {{"A", "a"}}},
    {"JSON={\"foo\":\"bar\"}", {{"JSON", "{\"foo\":\"bar\"}"}}},
    {"JSON={\"a\": \"b\\\"c\"}", {{"JSON", "{\"a\": \"b\\\"c\"}"}}},
    {"A=it's", {{"A", "it's"}}},
    {"A=a\"b\"", {{"A", "a\"b\""}}},
    {"A=C:\\new\\dir", {{"A", "C:\\new\\dir"}}},
    {"A=a\\", {{"A", "a\\"}}},
    {"A=op://v/Access Keys/f # the key", {{"A", "op://v/Access Keys/f"}}},
    {"A=\xc3\xa9\xff", {{"A", "\xc3\xa9\xff"}}},
    // Single quotes: nothing is special
    {"A=''", {{"A", ""}}},
    {"A='a b'", {{"A", "a b"}}},
    {"A=' a '", {{"A", " a "}}},
    {"A='a#b' # c", {{"A", "a#b"}}},
    {"A='$HOME'", {{"A", "$HOME"}}},
    {"A='a\\nb\\'", {{"A", "a\\nb\\"}}},
    {"A='a\"b'", {{"A", "a\"b"}}},
    {"A='one\ntwo'\nB=1", {{"A", "one\ntwo"}, {"B", "1"}}},
    {"A='one\r\ntwo'\r\n", {{"A", "one\ntwo"}}},
    {"A = 'a' ", {{"A", "a"}}},
    // Double quotes
    {"A=\"\"", {{"A", ""}}},
    {"A=\"a b\"", {{"A", "a b"}}},
    {"A=\" a \"", {{"A", " a "}}},
    {"A=\"a # b\"# c", {{"A", "a # b"}}},
    {"A=\"it's\"", {{"A", "it's"}}},
    {"A=\"a\\\"b\"", {{"A", "a\"b"}}},
    {"A=\"a\\\\\"", {{"A", "a\\"}}},
    {"A=\"a\\nb\\r\\tc\"", {{"A", "a\nb\r\tc"}}},
    {"A=\"\\d+\\.\\w\"", {{"A", "\\d+.\\w"}}},
    {"A=\"first\nand second\"", {{"A", "first\nand second"}}},
    {"A=\"one\r\ntwo\"\r\nB=1", {{"A", "one\ntwo"}, {"B", "1"}}},
    {"A=\"x\n# no comment\nB=2\"\nC=3", {{"A", "x\n# no comment\nB=2"}, {"C", "3"}}},
    {"A=\"-----BEGIN KEY-----\\nMII=\\n-----END KEY-----\"", {{"A", "-----BEGIN KEY-----\nMII=\n-----END KEY-----"}}},
    // Variables
    {"A=$APP_ENV", {{"A", "prod"}}},
    {"A=${APP_ENV}", {{"A", "prod"}}},
    {"A=\"op://$APP_ENV/db/password\"", {{"A", "op://prod/db/password"}}},
    {"A=${NOPE:-default}", {{"A", "default"}}},
    {"A=\"${NOPE:-a b}\"", {{"A", "a b"}}},
    {"A=${NOPE:-}", {{"A", ""}}},
    {"A=${APP_ENV:-default}", {{"A", "prod"}}},
    {"A=${EMPTY:-default}", {{"A", ""}}},
    {"A=${ APP_ENV }x", {{"A", "prodx"}}},
    {"A=$mixed$MIXED", {{"A", "casecase"}}},
    {"A=\\$HOME", {{"A", "$HOME"}}},
    {"A=\"\\$HOME is\"", {{"A", "$HOME is"}}},
    {"A=$2b$10$x", {}, "1:9: "},
    {"A=$2b$10", {{"A", "$2b$10"}}},
    {"A=5$", {{"A", "5$"}}},
    {"A=$$", {{"A", "$$"}}},
    {"A=$(date)", {{"A", "$(date)"}}},
    {"A=value\nB=${A}!", {{"A", "value"}, {"B", "value!"}}},
    {"A='$HOME'\nB=$A", {{"A", "$HOME"}, {"B", "$HOME"}}},
    {"A=1\nA=2\nB=$A", {{"A", "1"}, {"A", "2"}, {"B", "2"}}},
    {"HOME=$HOME/x\nB=$HOME", {{"HOME", "/home/me/x"}, {"B", "/home/me/x"}}},
    {"A=$REF", {{"A", "op://v/i/f"}}},
    {"A= $EMPTY", {{"A", ""}}},
    // Errors: file, line and column, never the text
    {"A", {}, "1:1: no '=' in this line; it must be NAME=VALUE"},
    {"A=1\n\n  export B\n", {}, "3:3: no '=' in this line; it must be NAME=VALUE"},
    {"=1", {}, "1:1: the name is empty"},
    {"export 1A=2", {}, "1:1: the name begins with a digit"},
    {"A B=2", {}, "1:1: the name has other than letters, digits, '_', '.', '-'"},
    {"\"A\"=2", {}, "1:1: the name has other than letters, digits, '_', '.', '-'"},
    {"$APP_ENV=2", {}, "1:1: the name has other than letters, digits, '_', '.', '-'"},
    {"A=1\nB=\"x", {}, "2:3: the quote that begins here does not end"},
    {"A='", {}, "1:3: the quote that begins here does not end"},
    {"A=\"x\\\"", {}, "1:3: the quote that begins here does not end"},
    {"A=\"x\\", {}, "1:3: the quote that begins here does not end"},
    {"A='tis", {}, "1:3: the quote that begins here does not end"},
    {"A=\"a\"b", {}, "1:6: text after the closing quote"},
    {"A='a' 'b'", {}, "1:7: text after the closing quote"},
    {"A='a\nb'c", {}, "2:3: text after the closing quote"},
    {"A=1\nB=\0"sv, {}, "2:3: a NUL byte (an environment file is UTF-8 text)"},
    {"A=1\rB=2\r", {}, "1:4: a carriage return inside the line"},
    {"A=$NOPE", {}, "1:3: "},
    {"A=1\nB=x$NOPE", {}, "2:4: "},
    {"A=\"a\nb$NOPE\"", {}, "2:2: "},
    {"A=${APP_ENV:?x}", {}, "1:3: F"},
    {"A=${APP_ENV", {}, "1:3: F"},
    {"A=${NOPE:-$HOME}", {}, "1:3: a default has no '$', '{' or backslash"},
    {"A=${NOPE:-x", {}, "1:3: the variable's closing brace is missing"},
    {"A=$B\nB=1", {}, "1:3: "},
};

Result<EnvFile> parse(std::string_view text, SecretArena& arena) {
  const Environ environ(secret(kEnviron));
  return parse_env_file(secret(text), "app.env", environ.variables(), arena);
}

TEST(EnvFile, Golden) {
  static_assert(std::size(kGolden) >= 80);
  SecretArena arena;
  for (const auto& [text, entries, error] : kGolden) {
    const auto file = parse(text, arena);
    if (!error.empty()) {
      std::string expected = "app.env:" + std::string(error);
      if (expected.ends_with(": ")) expected += kUnset;
      if (expected.ends_with(": F")) expected.replace(expected.size() - 1, 1, kForms);
      ASSERT_FALSE(file.has_value()) << text;
      EXPECT_EQ(file.error(), (Error{ErrorKind::kRefused, 0, expected})) << text;
      continue;
    }
    ASSERT_TRUE(file.has_value()) << text << ": " << file.error().what;
    ASSERT_EQ(file->entries.size(), entries.size()) << text;
    for (size_t i = 0; i < entries.size(); ++i) {
      EXPECT_EQ(file->entries[i].name, entries[i].first) << text;
      EXPECT_EQ(text_of(file->entries[i].value), entries[i].second) << text;
    }
  }
}

TEST(EnvFile, KnowsLinesAndWhereValuesStand) {
  constexpr std::string_view kText =
      "\xef\xbb\xbf# head\nA=1\n\nexport B = \"two\nlines\" # note\nC='x'\r\nD=\nE= # none\nF=$APP_ENV z  # note\n";
  SecretArena arena;
  const auto file = parse(kText, arena).value();
  struct Place {
    std::string_view name;
    unsigned line;
    std::string_view raw;
    Quote quote;
  };
  const Place kPlaces[] = {
      {"A", 2, "1", Quote::kNone},     {"B", 4, "\"two\nlines\"", Quote::kDouble},
      {"C", 6, "'x'", Quote::kSingle}, {"D", 7, "", Quote::kNone},
      {"E", 8, "", Quote::kNone},      {"F", 9, "$APP_ENV z", Quote::kNone},
  };
  ASSERT_EQ(file.entries.size(), std::size(kPlaces));
  for (size_t i = 0; i < std::size(kPlaces); ++i) {
    const auto& entry = file.entries[i];
    EXPECT_EQ(entry.file, "app.env");
    EXPECT_EQ(entry.name, kPlaces[i].name);
    EXPECT_EQ(entry.line, kPlaces[i].line) << entry.name;
    EXPECT_EQ(kText.substr(entry.value_begin, entry.value_end - entry.value_begin), kPlaces[i].raw) << entry.name;
    EXPECT_EQ(entry.quote, kPlaces[i].quote) << entry.name;
  }
  EXPECT_EQ(text_of(file.text), kText);
}

// Putting another value in each place and reading again gives that value and leaves every other byte alone.
TEST(EnvFile, PlacesCanBeReplaced) {
  constexpr std::string_view kText = "A=1 # one\nexport B=\"x\" # two\n\nC=\nD= # none\nE='y'#z\n";
  SecretArena arena;
  const auto file = parse(kText, arena).value();
  std::string rewritten;
  size_t at = 0;
  for (const auto& entry : file.entries) {
    rewritten += kText.substr(at, entry.value_begin - at);
    rewritten += "op://v/i/f";
    at = entry.value_end;
  }
  rewritten += kText.substr(at);
  EXPECT_EQ(rewritten,
            "A=op://v/i/f # one\nexport B=op://v/i/f # two\n\nC=op://v/i/f\nD=op://v/i/f # none\nE=op://v/i/f#z\n");
  const auto again = parse(rewritten, arena).value();
  for (size_t i = 0; i + 1 < again.entries.size(); ++i) EXPECT_EQ(text_of(again.entries[i].value), "op://v/i/f");
}

TEST(EnvFile, TheLastOfSeveralFilesWins) {
  SecretArena arena;
  std::vector<EnvFile> files;
  files.push_back(parse("A=1\nB=1\nA=2", arena).value());
  files.push_back(parse("C=3\nB=3", arena).value());
  const auto merged = merge_env_files(std::move(files));
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].name + "=" + text_of(merged[0].value), "A=2");
  EXPECT_EQ(merged[1].name + "=" + text_of(merged[1].value), "B=3");
  EXPECT_EQ(merged[2].name + "=" + text_of(merged[2].value), "C=3");
}

TEST(EnvFile, NoErrorRepeatsAValue) {
  SecretArena arena;
  for (const auto text : {"A=\"CANARY", "CANARY", "CANARY x=1", "A='x'CANARY", "A=pa$CANARY", "A=${CANARY:?CANARY}",
                          "A=${CANARY:-$CANARY}", "-----BEGIN\nCANARY/+=\n", "A=x\rCANARY", "export CANARY"}) {
    const auto file = parse(text, arena);
    ASSERT_FALSE(file.has_value()) << text;
    EXPECT_EQ(file.error().what.find("CANARY"), std::string::npos) << file.error().what;
  }
}

TEST(EnvFile, ValueThatGrowsBeyondTheLimitIsRefused) {
  SecretArena arena;
  const std::string large(700'000, 'x');
  const auto file = parse("A=" + large + "\nB=$A$A", arena);
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().what, "app.env:2:7: larger than the limit of 1048576 bytes for one secret");
}

TEST(EnvFile, ThousandsOfEntriesStayInFewPages) {
  SecretArena arena;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "NAME_" + std::to_string(i) + "=value-" + std::to_string(i) + "\n";
  const auto file = parse(text, arena).value();
  ASSERT_EQ(file.entries.size(), 5000u);
  EXPECT_EQ(file.entries.back().line, 5000u);
  EXPECT_LE(arena.locked_bytes(), 256u << 10);
}

}  // namespace
}  // namespace confide::secrets
