// The filter of a run: loaded from the delivery block, or not at all; policy's answers to a leak.
#include "supervisor/masking_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/sys.h"
#include "base/text.h"
#include "launcher/child/delivery_block.h"

namespace confide::supervisor {
namespace {

using launcher::Stream;

template <class T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// A block that delivers variables.
std::string block_of(const std::vector<std::string>& variables) {
  const child::DeliveryHeader header{child::kDeliveryMagic, static_cast<uint32_t>(variables.size()), 0};
  std::string entries;
  std::string bytes;
  const size_t begin = sizeof header + variables.size() * sizeof(child::DeliveryEntry);
  for (const std::string& variable : variables) {
    entries +=
        bytes_of(child::DeliveryEntry{child::DeliveryKind::kEnv, 0, 0, begin + bytes.size(), variable.size() + 1});
    bytes += variable + '\0';
  }
  return bytes_of(header) + entries + bytes;
}

class Filter : public ::testing::Test {
 protected:
  Status load(const std::string& block) {
    std::vector<UniqueFd> fds;
    fds.push_back(sys::memfd_with("block", block).value());
    return filter_.load(fds);
  }
  // What leaves, or the error.
  Result<std::string> pass(Stream stream, std::string_view text) {
    const auto space = filter_.buffer(stream);
    EXPECT_GE(space.size(), text.size());
    std::memcpy(space.data(), text.data(), text.size());
    std::string out;
    auto fed = filter_.feed(stream, text.size(), 0, out);
    if (fed) fed = filter_.finish(stream, out);
    if (!fed) return Error{fed.error().kind, 0, cat(out, "|", fed.error().what)};
    return out;
  }
  void policy(const policy::Output& output) {
    filter_ =
        MaskingFilter({{"TOKEN", "PIN"}, mask_options(output)}, [this](const std::string& text) { said_ = text; });
  }
  std::string said_;
  MaskingFilter filter_{{{"TOKEN", "PIN"}, {}}, [this](const std::string& text) { said_ = text; }};
  const std::string block_ = block_of({"TOKEN=hunter2-hunter2", "PLAIN=staging-staging", "PIN=4711"});
};

TEST_F(Filter, TakesNothingBeforeItIsLoaded) {
  std::string out;
  EXPECT_TRUE(filter_.buffer(Stream::kTerminal).empty());
  EXPECT_EQ(filter_.deadline_ms(Stream::kTerminal), std::nullopt);
  EXPECT_TRUE(filter_.finish(Stream::kTerminal, out));
  EXPECT_TRUE(filter_.counts().empty());
}

TEST_F(Filter, MasksWhatTheBlockDelivers) {
  ASSERT_TRUE(load(block_));
  EXPECT_EQ(pass(Stream::kError, "a hunter2-hunter2 staging-staging 4711\n").value(),
            "a <concealed by confide: TOKEN> staging-staging 4711\n");
  ASSERT_EQ(filter_.warnings().size(), 1U);
  EXPECT_TRUE(filter_.warnings()[0].starts_with("PIN is too short to be masked"));
  ASSERT_EQ(filter_.counts().size(), 1U);
  EXPECT_EQ(filter_.counts()[0].stream, Stream::kError);
  EXPECT_EQ(filter_.counts()[0].count, (masking::Count{"TOKEN", masking::Form::kRaw, 1}));
}

// Whatever is wrong with the block, the filter is as if it had never been loaded, and the launch fails.
TEST_F(Filter, LoadsAllOrNothing) {
  EXPECT_FALSE(load(""));
  for (size_t size = 1; size < block_.size(); ++size) {
    const auto loaded = load(block_.substr(0, size));
    ASSERT_FALSE(loaded) << size;
    EXPECT_EQ(loaded.error().kind, ErrorKind::kLaunch);
    EXPECT_TRUE(filter_.buffer(Stream::kOutput).empty());
  }
  std::string without_end = block_of({"TOKEN=hunter2-hunter2"});
  without_end.back() = 'x';
  EXPECT_FALSE(load(without_end));
  EXPECT_FALSE(load(block_of({"no equals sign"})));
  EXPECT_TRUE(load(block_));
}

TEST_F(Filter, AnswersALeakAsPolicySays) {
  const std::string leak = "before 68756e746572322d68756e74657232 behind";
  ASSERT_TRUE(load(block_));
  EXPECT_EQ(pass(Stream::kOutput, leak).value(), "before <concealed by confide: TOKEN> behind");
  EXPECT_EQ(said_, "");

  policy({.on_leak = policy::Output::OnLeak::kWithhold});
  ASSERT_TRUE(load(block_));
  EXPECT_EQ(pass(Stream::kOutput, leak).value(), "before <concealed by confide: TOKEN>");
  EXPECT_EQ(
      said_,
      "output.on-leak = \"withhold\": the rest of stdout is withheld: the secret TOKEN was printed as hex on stdout");
  EXPECT_EQ(pass(Stream::kOutput, "more").value(), "");
  EXPECT_EQ(pass(Stream::kError, "more").value(), "more");

  policy({.on_leak = policy::Output::OnLeak::kKill});
  ASSERT_TRUE(load(block_));
  const auto killed = pass(Stream::kOutput, leak);
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().kind, ErrorKind::kRefused);
  EXPECT_EQ(
      killed.error().what,
      "before <concealed by confide: TOKEN>|output.on-leak = \"kill\" ends this run: the secret TOKEN was printed "
      "as hex on stdout");
}

TEST_F(Filter, TakesPolicyAsItIs) {
  policy({.partial = policy::Output::Partial::kOff, .mask_anyway = {"PIN"}});
  ASSERT_TRUE(load(block_));
  EXPECT_EQ(pass(Stream::kOutput, "hunter2-hun 4711").value(), "hunter2-hun <concealed by confide: PIN>");
  EXPECT_TRUE(filter_.warnings().empty());
}

}  // namespace
}  // namespace confide::supervisor
