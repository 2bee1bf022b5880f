#include "cli/options.h"

#include <gtest/gtest.h>

namespace confide::cli {
namespace {

// A table with every kind of target, and what it filled.
struct Table {
  bool flag = false;
  int number = -1;
  int effects = 0;
  std::optional<std::string> text;
  std::optional<policy::Flag> kept;
  std::vector<std::string> words;
  std::vector<policy::Flag> paths;

  std::vector<Option> options() {
    return {{"--flag", "", "a flag", &flag},
            {"--effect", "", "an effect", Effect([this] { ++effects; })},
            {"--number", "N", "a number", &number},
            {"--text", "TEXT", "a text", &text},
            {"--profile", "NAME", "a kept text", &kept},
            {"--word", "WORD", "words", &words},
            {"--read", "PATH", "paths", &paths}};
  }

  Result<OptionsParsed> parse(std::vector<const char*> line) {
    line_ = std::move(line);
    std::vector<char*> arguments;
    for (const char* word : line_) arguments.push_back(const_cast<char*>(word));
    return parse_options("confide try", arguments, options());
  }

  std::string error(std::vector<const char*> line) {
    const auto parsed = parse(std::move(line));
    return parsed ? "" : parsed.error().what;
  }

 private:
  std::vector<const char*> line_;
};

TEST(Options, FillEveryKindOfTarget) {
  Table table;
  const auto parsed = table.parse({"--flag", "--effect", "--effect", "--number", "7", "--text", "a b", "--profile=tool",
                                   "--word", "x", "--word=y=z", "--read", "-p", "--read=", "--", "cmd", "--flag"});
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(table.flag);
  EXPECT_EQ(table.effects, 2);
  EXPECT_EQ(table.number, 7);
  EXPECT_EQ(table.text, "a b");
  EXPECT_EQ(table.kept->text, "tool");
  EXPECT_EQ(table.kept->name, "--profile");
  EXPECT_EQ(table.words, (std::vector<std::string>{"x", "y=z"}));
  ASSERT_EQ(table.paths.size(), 2U);
  EXPECT_EQ(table.paths[0].text, "-p");
  EXPECT_EQ(table.paths[1].text, "");
  EXPECT_EQ(parsed->rest, (std::vector<std::string>{"cmd", "--flag"}));
  EXPECT_FALSE(parsed->help);
}

TEST(Options, EndAtTheFirstOtherWord) {
  Table table;
  const auto parsed = table.parse({"--flag", "make", "--effect", "--nonsense"});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->rest, (std::vector<std::string>{"make", "--effect", "--nonsense"}));
  EXPECT_EQ(table.effects, 0);
  EXPECT_TRUE(table.parse({})->rest.empty());
  EXPECT_TRUE(table.parse({"--"})->rest.empty());
}

// Were the second path of `--read a b -- cmd` the command's, `b` would be run.
TEST(Options, AWordTooManyIsNoCommand) {
  Table table;
  EXPECT_EQ(table.error({"--read", "a", "b", "--", "cmd"}), "unexpected word `b` before --");
}

TEST(Options, HelpEndsTheLine) {
  Table table;
  EXPECT_TRUE(table.parse({"--flag", "-h", "--nonsense"})->help);
  EXPECT_TRUE(table.parse({"--help"})->help);
  EXPECT_FALSE(table.parse({"--", "--help"})->help);
  EXPECT_EQ(table.error({"--text", "--help"}), "--text takes a value, TEXT (confide try --help lists the options)");
}

TEST(Options, SayWhatIsWrong) {
  constexpr std::string_view kLists = " (confide try --help lists the options)";
  const std::vector<std::pair<std::vector<const char*>, std::string>> lines = {
      {{"--flga"}, "unknown option --flga; did you mean `--flag`?"},
      {{"--xyzxyz=1"}, "unknown option --xyzxyz"},
      {{"-x"}, "unknown option -x"},
      {{"-"}, "unknown option -"},
      {{"--\x1b[2J"}, "unknown option --\\x1b[2J"},
      {{"--text"}, "--text takes a value, TEXT"},
      {{"--text", "--", "cmd"}, "--text takes a value, TEXT"},
      {{"--text", "a", "--text", "b"}, "--text is given twice"},
      {{"--profile=a", "--profile=a"}, "--profile is given twice"},
      {{"--flag=1"}, "--flag takes no value"},
      {{"--number", "7x"}, "--number takes a number"},
      {{"--number="}, "--number takes a number"},
      {{"--number", "99999999999"}, "--number takes a number"},
  };
  for (const auto& [line, what] : lines) {
    Table table;
    EXPECT_EQ(table.error(line), what + std::string(kLists)) << line.front();
  }
}

TEST(Options, PrintThemselves) {
  Table table;
  const auto options = table.options();
  EXPECT_EQ(help_of({"confide try", "Try.", "\nexample:\n  confide try"}, std::span(options).first(3)),
            "Try.\nUsage: confide try [OPTIONS]\n\nOptions:\n"
            "  -h,--help                       Print this help message and exit\n"
            "  --flag                          a flag\n"
            "  --effect                        an effect\n"
            "  --number N                      a number\n"
            "\n\nexample:\n  confide try\n");
}

}  // namespace
}  // namespace confide::cli
