// A value on its way through this library is in locked pages and nowhere else in the process: every readable page that
// is not locked is searched for it. The value is never spelt out here; a child process writes it to a pipe.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/sys.h"
#include "secrets/delivery.h"
#include "secrets/env_file.h"
#include "secrets/resolve.h"
#include "secrets/template.h"
#include "tests/unit/secrets/support.h"

// A sanitizer's shadow memory is too large to be searched, and holds copies of its own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace confide::secrets {
namespace {

constexpr char kMask = 0x5a;
// "CANARY-" and what follows, each byte against kMask.
constexpr char kHidden[] = {'C' ^ kMask, 'A' ^ kMask, 'N' ^ kMask, 'A' ^ kMask, 'R' ^ kMask, 'Y' ^ kMask,
                            '-' ^ kMask, '7' ^ kMask, 'q' ^ kMask, 'Z' ^ kMask, 'x' ^ kMask, '3' ^ kMask,
                            'W' ^ kMask, '9' ^ kMask, 'k' ^ kMask, 'V' ^ kMask};

bool is_canary(const char* at) {
  return std::ranges::equal(std::string_view(kHidden, sizeof kHidden), std::string_view(at, sizeof kHidden),
                            [](char hidden, char c) { return hidden == static_cast<char>(c ^ kMask); });
}

struct Mapping {
  unsigned long from = 0;
  unsigned long to = 0;
  bool readable = false;
  bool locked = false;
};

std::vector<Mapping> mappings() {
  std::vector<Mapping> all;
  std::ifstream smaps("/proc/self/smaps");
  std::string line;
  while (std::getline(smaps, line)) {
    Mapping mapping;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &mapping.from, &mapping.to, rights) == 3) {
      mapping.readable = rights[0] == 'r';
      all.push_back(mapping);
    } else if (line.starts_with("VmFlags:")) {
      all.back().locked = line.find(" lo") != std::string::npos;
    }
  }
  return all;
}

// How often the canary stands in pages that are not locked.
int count_outside_locked_pages() {
  static char window[1 << 16];
  const auto mem = sys::openat(AT_FDCWD, "/proc/self/mem", O_RDONLY).value();
  const auto own = reinterpret_cast<unsigned long>(window);
  int found = 0;
  for (const Mapping& mapping : mappings()) {
    if (!mapping.readable || mapping.locked) continue;
    for (unsigned long at = mapping.from; at < mapping.to; at += sizeof window - sizeof kHidden) {
      const size_t wanted = std::min<size_t>(sizeof window, mapping.to - at);
      const ssize_t n = ::pread(mem.get(), window, wanted, static_cast<off_t>(at));
      for (ssize_t i = 0; i + static_cast<ssize_t>(sizeof kHidden) <= n; ++i) {
        const unsigned long place = at + static_cast<unsigned long>(i);
        const bool in_window = place >= own && place < own + sizeof window;
        if (!in_window && is_canary(window + i)) ++found;
      }
    }
    std::ranges::fill(window, '\0');
  }
  return found;
}

// What a child process writes: `before`, the canary, `after`.
UniqueFd written_by_a_child(std::string_view before, std::string_view after) {
  auto pipe = sys::pipe().value();
  const pid_t child = ::fork();
  if (child == 0) {
    std::string text(before);
    for (const char hidden : kHidden) text.push_back(static_cast<char>(hidden ^ kMask));
    text += after;
    ::_exit(sys::write_all(pipe.write.get(), text).has_value() ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return std::move(pipe.read);
}

class Memory : public ::testing::TestWithParam<Backing> {};
INSTANTIATE_TEST_SUITE_P(Backings, Memory, ::testing::Values(Backing::kMemfdSecret, Backing::kLockedMemory));

TEST_P(Memory, ValuesAreInLockedPagesOnly) {
  SecretArena arena(GetParam());
  const Environ environ = Environ::read(written_by_a_child("SHELL_TOKEN=", "").get(), GetParam()).value();
  auto text = read_fd(arena, written_by_a_child("A=\"x$SHELL_TOKEN-", "\"\nB=$A {{ fd:3 }}\n").get(), kMaxSecretBytes,
                      "app.env");
  ASSERT_TRUE(text.has_value());
  auto file = parse_env_file(std::move(*text), "app.env", environ.variables(), arena);
  ASSERT_TRUE(file.has_value()) << file.error().what;
  ASSERT_EQ(file->entries.size(), 2u);

  ResolveContext context{.arena = arena, .environ = &environ};
  context.descriptors.push_back({.number = 3, .fd = written_by_a_child("", "\n")});
  const auto value = resolve(policy::parse_reference("fd:3").value(), context);
  ASSERT_TRUE(value.has_value()) << value.error().what;
  const auto shell = resolve(policy::parse_reference("env:SHELL_TOKEN").value(), context);
  ASSERT_TRUE(shell.has_value()) << shell.error().what;

  const auto parsed = Template::parse_value(std::move(file->entries[1].value), "app.env:2");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
  auto rendered = parsed->render([&](const policy::Reference&) { return &*value; }, environ.variables(), arena);
  ASSERT_TRUE(rendered.has_value()) << rendered.error().what;
  EXPECT_EQ(rendered->size(), 1 + 3 * sizeof kHidden + 2);

  std::vector<PreparedSecret> prepared;
  prepared.push_back({.name = "B", .how = policy::Deliver::kEnv, .value = std::move(*rendered)});
  EXPECT_TRUE(check_delivery(prepared).empty());

  EXPECT_EQ(count_outside_locked_pages(), 0);
  // The search finds what it is to find: the same value, copied as it must not be.
  std::string copy = testing::text_of(prepared.front().value);
  EXPECT_GE(count_outside_locked_pages(), 3);
  ::explicit_bzero(copy.data(), copy.size());
}

}  // namespace
}  // namespace confide::secrets

#endif
