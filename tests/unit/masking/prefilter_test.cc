// The fast path finds what the slow path finds, with every instruction set; the filter is a filter and nothing more.
#include <algorithm>
#include <random>

#include "masking/prefilter.h"
#include "masking_support.h"

namespace confide::masking::testing {
namespace {

using Secrets = std::vector<oracle::Secret>;

class Texts {
 public:
  explicit Texts(uint64_t seed) : random_(seed) {}
  size_t below(size_t bound) { return random_() % bound; }

  std::string secret(size_t length) {
    static constexpr std::string_view kCharacters = "ABCDEFGHabcdefgh0123456789-_/+.:@\"'\\%& ";
    std::string out = "s";
    while (out.size() + 1 < length) out.push_back(kCharacters[below(kCharacters.size())]);
    return out + "e";
  }

  // Log-like text with secrets, parts of them and escaped ones in it.
  std::string text(size_t size, const Secrets& secrets) {
    static constexpr std::string_view kWords[] = {"error: ",
                                                  "/usr/lib/",
                                                  "[  42%] ",
                                                  "\x1b[32mok\x1b[0m ",
                                                  "{\"k\": \"v\\n\"}, ",
                                                  "a&b ",
                                                  "deadbeef",
                                                  "0x1f",
                                                  "--- ",
                                                  "\n",
                                                  "      ",
                                                  "Zm9vYmFy",
                                                  "%20",
                                                  "&amp;",
                                                  "\\u00e9",
                                                  "\x1b"};
    std::string out;
    while (out.size() < size) {
      if (below(6) != 0) {
        out += kWords[below(std::size(kWords))];
        continue;
      }
      const std::string& value = secrets[below(secrets.size())].value;
      const size_t from = below(3) == 0 ? below(value.size()) : 0;
      std::string piece = value.substr(from, below(3) == 0 ? below(value.size()) : value.size());
      if (below(2) == 0) piece = written_differently(piece);
      out += piece;
    }
    return out;
  }

 private:
  std::string written_differently(const std::string& piece) {
    static constexpr const char* kHex = "0123456789abcdef";
    const size_t how = below(5);
    if (how == 4) return in_code(piece);
    std::string out;
    for (const char c : piece) {
      const auto byte = static_cast<unsigned char>(c);
      const std::string hex = {kHex[byte / 16], kHex[byte % 16]};
      if (how == 0) out += hex;
      if (how == 1) out += below(2) == 0 ? "%" + hex : std::string(1, c);
      if (how == 2) out += below(9) == 0 ? std::string("\x1b[1m") + c : std::string(1, c);
      if (how == 3) out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return out;
  }

  std::string in_code(const std::string& piece) {
    struct Text : ByteSink {
      void put(uint8_t byte) override { text.push_back(static_cast<char>(byte)); }
      std::string text;
    } out;
    const CodeRow& row = code_rows()[below(code_rows().size())];
    const auto* const bytes = reinterpret_cast<const uint8_t*>(piece.data());
    row.write({{bytes, piece.size()}}, static_cast<unsigned>(below(row.variants)), out);
    return out.text;
  }

  std::mt19937_64 random_;
};

TEST(Prefilter, FindsWhatTheSlowPathFindsWithEveryKernel) {
  Texts texts(3);
  for (int round = 0; round < 16; ++round) {
    Secrets secrets;
    const size_t count = 1 + texts.below(12);
    const size_t shortest = 6 + texts.below(40);
    for (size_t i = 0; i < count; ++i)
      secrets.push_back({"S" + std::to_string(i), texts.secret(shortest + texts.below(20))});
    const Tables fast = tables_of(secrets);
    const Tables slow = tables_of(secrets, {}, UseFilter::kNo);
    ASSERT_NE(fast.reveal([](const TablesView& view) { return view.filter.gram; }), 0U);
    const std::string input = texts.text(kChunk + texts.below(2 * kChunk), secrets);
    const std::string expected = mask(slow, input);
    EXPECT_TRUE(expected.contains("<concealed"));
    for (const Kernels* kernels : available_kernels()) {
      StreamMasker masker = masker_of(fast, {.liveness = Liveness::kHold, .kernels = kernels});
      EXPECT_TRUE(mask_pieces(masker, input, {}).text == expected) << kernels->name;
      const size_t cuts[] = {texts.below(200), 200 + texts.below(kChunk - 200)};
      EXPECT_TRUE(mask_pieces(masker, input, cuts).text == expected) << kernels->name;
    }
  }
}

TEST(Prefilter, KernelsAgree) {
  std::mt19937_64 random(5);
  std::vector<uint8_t> input(kChunk + 64);
  for (auto& byte : input) byte = static_cast<uint8_t>(random());
  const auto run = [&](const Kernels& kernels) {
    std::vector<Masks> masks(kBlocks);
    std::vector<uint8_t> out(kChunk + 64);
    std::vector<uint32_t> ranks(kBlocks);
    kernels.classify(input.data(), kBlocks, masks.data());
    masks[3].keep = 0;
    masks[4].keep = ~uint64_t{0};
    const size_t count = kernels.compact(input.data(), kBlocks, masks.data(), out.data(), ranks.data());
    out.resize(count);
    return std::tuple(masks, out, ranks);
  };
  const auto expected = run(*available_kernels().back());
  for (const Kernels* kernels : available_kernels()) EXPECT_TRUE(run(*kernels) == expected) << kernels->name;
}

TEST(Prefilter, MarksNothingInOrdinaryText) {
  const Tables tables = tables_of({{"S", "kP8#vQ2!mZ7$wR4@xT9"}});
  std::string text;
  while (text.size() < kChunk) text += "[ 12%] Building CXX object src/CMakeFiles/core.dir/engine.cc.o (3.2 s)\n";
  text.resize(kChunk);
  text.resize(kChunk + kReadAhead);
  Prefilter prefilter;
  std::vector<uint8_t> scratch(kPrefilterScratch);
  const size_t first = tables.reveal([&](const TablesView& view) {
    prefilter.mark(view, reinterpret_cast<const uint8_t*>(text.data()), kChunk, Prefilter::Chunk::kLast,
                   scratch.data());
    return prefilter.next(0);
  });
  EXPECT_GT(first, kChunk - 64);  // only the end, where a match could begin and not be seen yet
  EXPECT_LT(first, kChunk);
}

}  // namespace
}  // namespace confide::masking::testing
