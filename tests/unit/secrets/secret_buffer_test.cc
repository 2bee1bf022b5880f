#include "secrets/secret_buffer.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/sys.h"
#include "tests/unit/secrets/support.h"

namespace confide::secrets {
namespace {

using testing::bytes_of;
using testing::secret;
using testing::text_of;

// Where the bytes lie: what an attacker in the process would know, and what only a test may ask.
const std::byte* address_of(const SecretBuffer& buffer) {
  const std::byte* at = nullptr;
  buffer.reveal([&](std::span<const std::byte> bytes) { at = bytes.data(); });
  return at;
}

// The VmFlags of the mapping that holds `at` (proc(5), /proc/PID/smaps).
std::vector<std::string> vm_flags(const std::byte* at) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<uintptr_t>(at);
  std::string line;
  bool inside = false;
  while (std::getline(smaps, line)) {
    unsigned long from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) inside = from <= wanted && wanted < to;
    if (!inside || !line.starts_with("VmFlags:")) continue;
    std::vector<std::string> flags;
    for (size_t i = 8; i + 2 < line.size(); i += 3) flags.push_back(line.substr(i + 1, 2));
    return flags;
  }
  return {};
}
bool has(const std::vector<std::string>& flags, const char* flag) { return std::ranges::count(flags, flag) == 1; }

TEST(SecretBuffer, GivesBackWhatWasPutIn) {
  const std::string value("a\0b\xff", 4);
  EXPECT_EQ(text_of(secret(value)), value);
}

TEST(SecretBuffer, StartsAsZeros) {
  const auto buffer = SecretBuffer::create(5000).value();
  EXPECT_EQ(buffer.size(), 5000u);
  EXPECT_EQ(text_of(buffer), std::string(5000, '\0'));
}

TEST(SecretBuffer, EmptyValueHoldsNoMemory) {
  const auto buffer = SecretBuffer::create(0).value();
  EXPECT_TRUE(buffer.empty());
  EXPECT_EQ(address_of(buffer), nullptr);
  EXPECT_EQ(text_of(SecretBuffer()), "");
}

TEST(SecretBuffer, MovesWithoutCopying) {
  auto first = secret("moved");
  const auto* at = address_of(first);
  auto second = std::move(first);
  EXPECT_EQ(address_of(second), at);
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the contract says empty
  auto third = secret("to be replaced");
  third = std::move(second);
  EXPECT_EQ(text_of(third), "moved");
}

TEST(SecretBuffer, RevealAndFillPassOnTheResult) {
  auto buffer = secret("abc");
  EXPECT_EQ(buffer.reveal([](std::span<const std::byte> bytes) { return bytes.size(); }), 3u);
  EXPECT_EQ(buffer.fill([](std::span<std::byte> bytes) { return (bytes[0] = std::byte{'x'}, 7); }), 7);
  EXPECT_EQ(text_of(buffer), "xbc");
}

TEST(SecretBuffer, LockedMemoryIsLockedAndKeptFromDumpsAndForks) {
  auto buffer = SecretBuffer::copy_from(bytes_of("CANARY-locked"), Backing::kLockedMemory).value();
  EXPECT_EQ(buffer.backing(), Backing::kLockedMemory);
  const auto flags = vm_flags(address_of(buffer));
  EXPECT_TRUE(has(flags, "lo")) << "not locked";
  EXPECT_TRUE(has(flags, "dd")) << "would be in a core dump";
  EXPECT_TRUE(has(flags, "wf")) << "would be in a forked child";
  const pid_t child = ::fork();
  if (child == 0) {
    const bool zeros = buffer.reveal([](std::span<const std::byte> bytes) {
      return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
    });
    ::_exit(zeros ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "the child could read the value";
}

TEST(SecretBuffer, MemfdSecretIsUnreadableThroughProc) {
  const auto buffer = SecretBuffer::copy_from(bytes_of("CANARY-memfd"), Backing::kMemfdSecret).value();
  if (buffer.backing() != Backing::kMemfdSecret) {
    if (testing::must_work()) FAIL() << "memfd_secret(2) is not to be had";
    GTEST_SKIP() << "memfd_secret(2) is not to be had";
  }
  const auto* at = address_of(buffer);
  const auto flags = vm_flags(at);
  EXPECT_TRUE(has(flags, "lo"));
  EXPECT_TRUE(has(flags, "dd"));
  EXPECT_TRUE(has(flags, "dc")) << "a forked child would have the pages";
  const auto mem = sys::openat(AT_FDCWD, "/proc/self/mem", O_RDONLY).value();
  char bytes[12];
  EXPECT_EQ(::pread(mem.get(), bytes, sizeof bytes, static_cast<off_t>(reinterpret_cast<uintptr_t>(at))), -1);
  EXPECT_EQ(errno, EIO);
  // The same read finds ordinary memory: it is the backing that refuses.
  const std::string plain = "ordinary";
  EXPECT_GT(::pread(mem.get(), bytes, 8, static_cast<off_t>(reinterpret_cast<uintptr_t>(plain.data()))), 0);
}

TEST(SecretBuffer, ComparesInWhole) {
  EXPECT_TRUE(same_value(secret("same"), secret("same")));
  EXPECT_FALSE(same_value(secret("same"), secret("sama")));
  EXPECT_FALSE(same_value(secret("same"), secret("sam")));
  EXPECT_TRUE(same_value(SecretBuffer(), SecretBuffer()));
}

TEST(SecretBuffer, LimitOnLockedMemorySaysLimitAndCure) {
  auto pipe = sys::pipe().value();
  const pid_t child = ::fork();
  if (child == 0) {  // a process without CAP_IPC_LOCK and with one page to lock
    const rlimit limit{4096, 4096};
    if (::setrlimit(RLIMIT_MEMLOCK, &limit) != 0) ::_exit(2);
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) ::_exit(3);
    const auto result = SecretBuffer::create(1 << 20);
    if (result.has_value()) ::_exit(4);
    const bool sent = sys::write_all(pipe.write.get(), result.error().what).has_value();
    ::_exit(sent ? 0 : 5);
  }
  pipe.write.reset();
  const auto said = sys::read_all(pipe.read.get(), 4096, "pipe").value();
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(said.find("RLIMIT_MEMLOCK is 4096 bytes"), std::string::npos) << said;
  EXPECT_NE(said.find("ulimit -l"), std::string::npos) << said;
}

TEST(SecretBuffer, AbsurdSizeIsAnErrorNotACrash) {
  EXPECT_FALSE(SecretBuffer::create(SIZE_MAX).has_value());
  EXPECT_FALSE(SecretBuffer::create(SIZE_MAX - 5000, Backing::kLockedMemory).has_value());
}

class Arena : public ::testing::TestWithParam<Backing> {};
INSTANTIATE_TEST_SUITE_P(Backings, Arena, ::testing::Values(Backing::kMemfdSecret, Backing::kLockedMemory));

TEST_P(Arena, PacksManySmallValuesIntoFewPages) {
  SecretArena arena(GetParam());
  std::vector<SecretBuffer> all;
  for (int i = 0; i < 2000; ++i) all.push_back(arena.copy_from(bytes_of("value-" + std::to_string(i))).value());
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(text_of(all[static_cast<size_t>(i)]), "value-" + std::to_string(i));
  EXPECT_LE(arena.locked_bytes(), 96u << 10);
}

TEST_P(Arena, WipesAndReusesWhatIsReleased) {
  SecretArena arena(GetParam());
  const auto keeper = arena.copy_from(bytes_of("keeps the block")).value();
  const std::byte* at = nullptr;
  {
    const auto gone = arena.copy_from(bytes_of("CANARY-released")).value();
    at = address_of(gone);
    ASSERT_EQ(*at, std::byte{'C'});
  }
  for (size_t i = 0; i < 15; ++i) EXPECT_EQ(at[i], std::byte{0}) << i;
  EXPECT_EQ(address_of(arena.create(15).value()), at);
}

TEST_P(Arena, PlacesJoinAgainInAnyOrder) {
  SecretArena arena(GetParam());
  for (int round = 0; round < 50; ++round) {
    std::vector<SecretBuffer> all;
    for (size_t i = 0; i < 100; ++i)
      all.push_back(arena.create(1 + (i * 37 + static_cast<size_t>(round)) % 150).value());
    for (size_t i = 0; i < all.size(); i += 2) all[i] = SecretBuffer();
    for (size_t i = all.size(); i-- > 0;) all[i] = SecretBuffer();
    const auto whole = arena.create(8192).value();  // fits the first block only if its places were joined
  }
  EXPECT_EQ(arena.locked_bytes(), 16u << 10);
}

TEST_P(Arena, BuffersOutliveIt) {
  SecretBuffer survivor;
  {
    SecretArena arena(GetParam());
    survivor = arena.copy_from(bytes_of("survivor")).value();
  }
  EXPECT_EQ(text_of(survivor), "survivor");
}

TEST_P(Arena, LargeValuesGetTheirOwnPages) {
  SecretArena arena(GetParam());
  const std::string value(100000, 'x');
  const auto large = arena.copy_from(bytes_of(value)).value();
  EXPECT_EQ(text_of(large), value);
  EXPECT_EQ(arena.locked_bytes(), 0u);
}

}  // namespace
}  // namespace confide::secrets
