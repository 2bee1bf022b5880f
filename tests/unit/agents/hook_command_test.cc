// The quoting of rewritten commands, tried on every shell that is installed: whatever the command, the shell hands it
// on byte for byte, and does nothing else.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "agents/hook.h"
#include "base/sys.h"
#include "base/text.h"

namespace confide::agents {
namespace {

// What `shell` prints for `script`; nothing where it fails.
std::optional<std::string> output_of(const char* shell, const std::string& script) {
  const std::string name = cat("/tmp/hook_command.", ::getpid());
  std::ofstream(name, std::ios::binary) << script;
  auto pipe = sys::pipe();
  if (!pipe) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe->write.get(), STDOUT_FILENO);
    ::execl(shell, shell, name.c_str(), nullptr);
    ::_exit(127);
  }
  pipe->write.reset();
  auto text = sys::read_all(pipe->read.get(), size_t{4} << 20, "output");
  int status = -1;
  ::waitpid(child, &status, 0);
  ::unlink(name.c_str());
  if (!text || status != 0) return {};
  return *text;
}

std::vector<const char*> shells() {
  std::vector<const char*> found;
  for (const char* shell : {"/bin/sh", "/bin/bash", "/bin/dash", "/bin/zsh", "/usr/bin/zsh"})
    if (::access(shell, X_OK) == 0) found.push_back(shell);
  return found;
}

// The stand-in for confide prints its three arguments, each ended by a byte that no text has.
std::string round_trip_script(const std::vector<std::string>& commands) {
  std::string script = "stand_in() { printf '%s\\376' \"$#\" \"$@\"; }\n";
  for (const std::string& command : commands) script += wrap_command("stand_in", command) + "\n";
  return script;
}

std::string expected(const std::vector<std::string>& commands) {
  std::string out;
  for (const std::string& command : commands) out += cat("3\376shell\376--\376", command, "\376");
  return out;
}

void expect_round_trip(const std::vector<std::string>& commands) {
  ASSERT_FALSE(shells().empty());
  for (const char* shell : shells()) {
    const auto out = output_of(shell, round_trip_script(commands));
    ASSERT_TRUE(out) << shell;
    EXPECT_TRUE(*out == expected(commands)) << shell << ": " << printable(*out).substr(0, 2000);
  }
  for (const std::string& command : commands)
    EXPECT_EQ(unwrap_command("stand_in", wrap_command("stand_in", command)), command);
}

TEST(Quoting, HostileTexts) {
  expect_round_trip({
      "",
      "'",
      "''",
      "'''",
      "'; touch /tmp/owned; '",
      "\"; touch /tmp/owned; \"",
      "$(id) `id` ${IFS} $HOME $$ $'x' $\"x\"",
      "a\\'b\\\\'c\\",
      "line\nline\r\n\ttab\v\f",
      "cat <<'E'\nit's\nE",
      "!! !$ ^a^b",
      "~ * ? [a] {a,b} # & | ; < > ( )",
      "-- --help -x",
      "\x01\x02\x1b[31m\x7f",
      "\xc3\xa9\xe2\x80\x99\xf0\x9f\x94\x91\xe2\x80\xae",
      "\xc3\x28\xff\x80",  // not UTF-8
      "'\"'\"'",
      "%s %d \\n \\0",
  });
}

TEST(Quoting, RandomTexts) {
  std::mt19937 random(20261122);  // NOLINT: the same texts each time
  constexpr std::string_view kAlphabet = "'\"\\$`!\n ;&|(){}<>*?#~a=%-\t\r";
  std::vector<std::string> commands(1500);
  for (std::string& command : commands) {
    const size_t length = random() % 60;
    for (size_t i = 0; i < length; ++i) {
      const auto pick = random();
      command += pick % 8 == 0 ? static_cast<char>(1 + pick / 8 % 253) : kAlphabet[pick / 8 % kAlphabet.size()];
    }
  }
  expect_round_trip(commands);
}

TEST(Quoting, HundredKibibytes) {
  std::vector<std::string> commands = {std::string(size_t{100} << 10, '\''), std::string(size_t{100} << 10, '\n')};
  std::string mixed;
  while (mixed.size() < size_t{100} << 10) mixed += "it's $(echo \"quoted\") \\ `back` ''\n\xe2\x82\xac";
  commands.push_back(mixed);
  expect_round_trip(commands);
}

TEST(Quoting, TheProgramsPathIsQuotedToo) {
  EXPECT_EQ(wrap_command("/opt/my tools/confide", "ls"), "'/opt/my tools/confide' shell -- 'ls'");
  EXPECT_EQ(unwrap_command("/opt/my tools/confide", "'/opt/my tools/confide' shell -- 'ls'"), "ls");
}

TEST(Unwrap, OnlyWhatWasWrapped) {
  for (const char* text : {"", "ls", "/c shell", "/c shell -- ", "/c shell -- ls", "/c shell -- 'ls' x",
                           "/c shell -- 'ls';", "/c shell -- 'l's'", "/c shell -- \"ls\"", "/c shell -- 'l'\"'\"",
                           "/c shell  -- 'ls'", "/c run -- 'ls'", " /c shell -- 'ls'"})
    EXPECT_FALSE(unwrap_command("/c", text)) << text;
}

}  // namespace
}  // namespace confide::agents
