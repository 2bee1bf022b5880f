// One stream: replacement, order, counts, policy.
#include <fstream>

#include "masking_support.h"

namespace confide::masking::testing {
namespace {

TEST(Stream, PassesWhatIsNoSecret) {
  const Tables tables = tables_of({{"S", "hunter2-hunter2"}});
  EXPECT_EQ(mask(tables, "nothing to see\n"), "nothing to see\n");
  EXPECT_EQ(mask(tables, ""), "");
}

TEST(Stream, ReplacesASecret) {
  const Tables tables = tables_of({{"S", "hunter2-hunter2"}});
  EXPECT_EQ(mask(tables, "a hunter2-hunter2 b\n"), "a " + marker() + " b\n");
  EXPECT_EQ(mask(tables, "hunter2-hunter2hunter2-hunter2"), marker() + marker());
}

TEST(Stream, NoSecretsPassesEverything) {
  const Tables tables = tables_of({});
  EXPECT_EQ(mask(tables, "abc%20\x1b[0m"), "abc%20\x1b[0m");
}

TEST(Stream, LargeInputKeepsEveryByte) {
  const Tables tables = tables_of({{"S", "hunter2-hunter2"}});
  std::string input;
  for (int i = 0; i < 40000; ++i) input += "line " + std::to_string(i) + " of the log /usr/lib/x86_64\n";
  EXPECT_TRUE(mask(tables, input) == input);
  const std::string with = input + "hunter2-hunter2" + input;
  EXPECT_TRUE(mask(tables, with) == input + marker() + input);
}

TEST(Stream, MasksAcrossChunksAndFeeds) {
  const Tables tables = tables_of({{"S", "hunter2-hunter2"}});
  for (size_t before = kChunk - 20; before < kChunk + 3; ++before) {
    const std::string input = std::string(before, '.') + "hunter2-hunter2" + std::string(70, '.');
    EXPECT_TRUE(mask(tables, input) == std::string(before, '.') + marker() + std::string(70, '.')) << before;
  }
}

TEST(Stream, ALongRunOfOverlappingMatchesIsOneReplacementInBoundedMemory) {
  const Tables tables = tables_of({{"S", "abababab"}});
  std::string input = "x";
  for (int i = 0; i < 200000; ++i) input += "ab";
  EXPECT_EQ(mask(tables, input + "y"), "x" + marker() + "y");
}

TEST(Stream, CountsByNameAndForm) {
  const Tables tables = tables_of({{"A", "first-secret-1"}, {"B", "second-secret-2"}});
  StreamMasker masker = masker_of(tables);
  Output output;
  ASSERT_TRUE(
      masker.feed(bytes_of("first-secret-1 second-secret-2 first-secret-1 66697273742d7365637265742d31 "), 0, output));
  masker.finish(output);
  const std::vector<Count> expected = {{"A", Form::kRaw, 2}, {"A", Form::kHex, 1}, {"B", Form::kRaw, 1}};
  EXPECT_EQ(masker.counts(), expected);
  ASSERT_EQ(output.events.size(), 4U);
  EXPECT_EQ(output.events[1].name, "B");
  EXPECT_EQ(output.events[1].offset, 15U);
  EXPECT_EQ(output.events[1].length, 15U);
}

TEST(Stream, WithholdsAfterAnEncodedFormWhereAsked) {
  for (const OnLeak action : {OnLeak::kKill, OnLeak::kWithhold}) {
    const Tables tables = tables_of({{"S", "hunter2-hunter2"}}, {.on_leak = action});
    StreamMasker masker = masker_of(tables);
    Output output;
    ASSERT_TRUE(masker.feed(bytes_of("raw hunter2-hunter2 is masked, "), 0, output));
    EXPECT_FALSE(masker.withheld());
    ASSERT_TRUE(masker.feed(bytes_of("68756e746572322d68756e74657232 and nothing after"), 0, output));
    EXPECT_TRUE(masker.withheld());
    ASSERT_TRUE(masker.feed(bytes_of("at all"), 0, output));
    masker.finish(output);
    EXPECT_EQ(output.text, "raw " + marker() + " is masked, " + marker());
    ASSERT_EQ(output.events.size(), 2U);
    EXPECT_EQ(output.events[0].action, OnLeak::kMask);
    EXPECT_EQ(output.events[1].action, action);
  }
}

TEST(Stream, BufferIsWhereBytesAreReadTo) {
  const Tables tables = tables_of({{"S", "a-long-secret-99"}});
  StreamMasker masker = masker_of(tables);
  Output output;
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    const auto space = masker.buffer();
    ASSERT_GE(space.size(), kInputSize);
    std::ranges::fill(space, std::byte{'.'});
    const std::string_view text = "a-long-secret-99-hunt";
    std::ranges::copy(bytes_of(text), space.end() - static_cast<std::ptrdiff_t>(text.size()));
    ASSERT_TRUE(masker.feed(space.size(), 0, output));
    expected += std::string(kInputSize - text.size(), '.') + marker() + "-hunt";
  }
  masker.finish(output);
  EXPECT_TRUE(output.text == expected);
}

#if !defined(__SANITIZE_ADDRESS__)  // under which mlock(2) does nothing
// The VmFlags of the mapping that holds `at` (proc(5), /proc/PID/smaps).
std::string vm_flags(const void* at) {
  std::ifstream smaps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<uintptr_t>(at);
  bool inside = false;
  for (std::string line; std::getline(smaps, line);) {
    unsigned long from = 0;
    unsigned long to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2) inside = from <= wanted && wanted < to;
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

TEST(Stream, LivesInLockedMemoryOutsideOfDumpsAndForks) {
  const Tables tables = tables_of({{"S", "a-long-secret-99"}});
  StreamMasker masker = masker_of(tables);
  Output output;
  ASSERT_TRUE(masker.feed(bytes_of("held back: a-long-secr"), 0, output));
  const std::string needles = tables.reveal([](const TablesView& view) { return vm_flags(view.pool); });
  for (const std::string& flags : {needles, vm_flags(masker.buffer().data())}) {
    for (const char* flag : {" lo ", " dd ", " wf "}) EXPECT_TRUE(flags.contains(flag)) << flag << "of" << flags;
  }
  EXPECT_GT(masker.held(), 0U);
}
#endif

}  // namespace
}  // namespace confide::masking::testing
