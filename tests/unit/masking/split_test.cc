// Whatever the pieces, the output is what the oracle says of the whole: every cut, the cases that break other maskers,
// and many random ones.
#include <algorithm>
#include <random>

#include "masking_support.h"

namespace confide::masking::testing {
namespace {

using Secrets = std::vector<oracle::Secret>;

// Every cut in two and in three, and byte by byte.
void expect_all_splits(const Secrets& secrets, std::string_view input) {
  SCOPED_TRACE(input);
  const MaskOptions options = mask_anyway(secrets);
  const Tables tables = tables_of(secrets, options);
  const std::string expected = oracle::Oracle(secrets, oracle::Parts::kOn, oracle::Short::kMask).mask(input);
  StreamMasker masker = masker_of(tables);
  EXPECT_EQ(mask_pieces(masker, input, {}).text, expected);
  EXPECT_EQ(mask(tables_of(secrets, options, UseFilter::kNo), input), expected) << "without the filter";
  for (size_t first = 0; first <= input.size(); ++first) {
    for (size_t second = first; second <= input.size(); ++second) {
      const size_t cuts[] = {first, second};
      ASSERT_EQ(mask_pieces(masker, input, cuts).text, expected) << first << " " << second;
    }
  }
  std::vector<size_t> each;
  for (size_t i = 0; i < input.size(); ++i) each.push_back(i);
  EXPECT_EQ(mask_pieces(masker, input, each).text, expected) << "byte by byte";
}

void expect_masked(const Secrets& secrets, std::string_view input, std::string_view expected) {
  expect_all_splits(secrets, input);
  EXPECT_EQ(oracle::Oracle(secrets, oracle::Parts::kOn, oracle::Short::kMask).mask(input), expected);
}

TEST(Split, SelfOverlappingSecrets) {
  expect_masked({{"S", "tok-tok-1"}}, "tok-tok-tok-1", marker());  // tok-tok- alone is a long enough part
  expect_masked({{"S", "tok-to1"}}, "tok-tok-to1", "tok-" + marker());
  expect_masked({{"S", "aaaaaaab"}}, "aaaaaaaaab", "aa" + marker());
  expect_masked({{"S", "0000-0000-1234"}}, "0000-0000-0000-1234", marker());
  expect_masked({{"S", "abababab"}}, "abababababab", marker());
}

TEST(Split, OverlappingAndNestedSecrets) {
  expect_masked({{"A", "abcdef"}, {"B", "defghi"}}, "abcdefghi", marker("A"));
  expect_masked({{"A", "defghi"}, {"B", "abcdefghijkl"}}, "xabcdefghijkly", "x" + marker("B") + "y");
  expect_masked({{"A", "bcdefg"}, {"B", "defghi"}, {"C", "ghijkl"}}, "abcdefghijklm", "a" + marker("A") + "m");
}

TEST(Split, ASecretThatIsAnothersPrefix) {
  const Secrets secrets = {{"SHORT", "tok-abc"}, {"LONG", "tok-abc-def"}};
  expect_masked(secrets, "tok-abc-def", marker("LONG"));
  expect_masked(secrets, "tok-abc-dex", marker("LONG") + "x");  // a part of LONG, longer than SHORT
  expect_masked(secrets, "tok-abc-", marker("LONG"));
  expect_masked(secrets, "tok-abc", marker("SHORT"));
  expect_masked(secrets, "tok-abd", "tok-abd");
}

TEST(Split, SecretsWithinTheReplacementText) {
  expect_masked({{"S", "concealed"}, {"T", "confide"}}, "a confide b", "a " + marker("T") + " b");
  expect_masked({{"S", "<concealed by confide: S>"}}, "x<concealed by confide: S>", "x" + marker());
  expect_masked({{"S", "<conce"}}, "<<conce<concealed", "<" + marker() + marker() + "aled");
}

TEST(Split, ACutLeavesNoPrefixAsText) {
  expect_masked({{"S", "sk-live-AbC123"}}, "key sk-live-AbC12 sk-live-AbC123", "key " + marker() + " " + marker());
  expect_masked({{"S", "sk-live-AbC123"}}, "key sk-li sk-live-AbC123", "key sk-li " + marker());
}

TEST(Split, EscapesAndGapsMayBeCutAnywhere) {
  const Secrets secrets = {{"S", "p\"a/s&s%w\\d"}};
  expect_all_splits(secrets, "x p\\\"a\\/s\\u0026s%w\\\\d y");
  expect_all_splits(secrets, "p%22a%2Fs%26s%25w%5Cd");
  expect_all_splits(secrets, "p&quot;a/s&amp;amp;s&#37;w&#x5c;d;");
  expect_all_splits({{"S", "abcdef"}}, "a\x1b[31mb\x1b[0mc\n d\x1b(Bef");
  expect_all_splits({{"S", "abcdef"}}, "\x1b[31mabcdef\x1b[ab\x1b[1cdef\x1b");
  expect_all_splits({{"S", "\xf0\x9f\x98\x80key\xc3\xa9"}}, "\\ud83d\\ude00key\\u00e9 %F0%9F%98%80key%c3%a9");
}

TEST(Split, Base64MayBeCutAnywhere) {
  const Secrets secrets = {{"S", "swordfish"}};
  expect_masked(secrets, "Basic dXNlcjpzd29yZGZpc2g=", "Basic dXNlcjp" + marker() + "=");
  expect_all_splits(secrets, "c3dvcmRmaXNo dXNlcj\npzd29y\nZGZpc2gK");
}

TEST(Split, ShortValuesWhereAskedFor) {
  expect_masked({{"S", "abc"}}, "xabcababc", "x" + marker() + "ab" + marker());
  expect_masked({{"S", "a"}}, "bab", "b" + marker() + "b");
}

// --- random cases ----------------------------------------------------------------------------------------------------

class Cases {
 public:
  explicit Cases(uint64_t seed) : random_(seed) {}
  size_t below(size_t bound) { return random_() % bound; }

  std::string word(std::string_view alphabet, size_t length) {
    std::string out;
    while (out.size() < length) out.push_back(alphabet[below(alphabet.size())]);
    return out;
  }

  // Text in which parts of the secrets are frequent, some of it escaped or spaced.
  std::string text(std::string_view alphabet, const Secrets& secrets) {
    std::string out;
    const size_t pieces = 1 + below(4);
    for (size_t i = 0; i < pieces; ++i) {
      std::string piece = word(alphabet, below(6));
      if (below(3) != 0) {
        const std::string& value = secrets[below(secrets.size())].value;
        const size_t from = below(4) == 0 ? below(value.size()) : 0;
        const size_t length = below(4) == 0 ? below(value.size() - from + 1) : value.size() - from;
        piece = value.substr(from, length);
      }
      out += below(3) == 0 ? disturb(piece) : piece;
    }
    return out;
  }

 private:
  std::string disturb(std::string_view piece) {
    static constexpr std::string_view kNoise[] = {" ", "\n", "\x1b[m", "\x1b[1;31m", "\\", "\"",
                                                  "%", "&",  "\x1b",   "\\n",        "'"};
    static constexpr const char* kHex = "0123456789abcdef";
    std::string out;
    for (const char c : piece) {
      const auto byte = static_cast<unsigned char>(c);
      const std::string hex = {kHex[byte / 16], kHex[byte % 16]};
      switch (below(8)) {
        case 0: out += "%" + hex; break;
        case 1: out += "\\x" + hex; break;
        case 2: out += "&#" + std::to_string(byte) + ";"; break;
        case 3: out += std::string(kNoise[below(std::size(kNoise))]) + c; break;
        case 4: out += byte < 0x80 ? "\\u00" + hex : std::string(1, c); break;
        default: out += c;
      }
    }
    return out;
  }

  std::mt19937_64 random_;
};

// One case: a few secrets, an input, a random cut into pieces.
void random_cases(size_t count, uint64_t seed) {
  static constexpr std::string_view kAlphabets[] = {"ab", "ab1", "a-/", "a%2", "a\"\\", "a&;#1"};
  constexpr size_t kInputsPerSet = 25;
  constexpr size_t kCutsPerInput = 8;
  Cases cases(seed);
  for (size_t done = 0; done < count;) {
    const std::string_view alphabet =
        kAlphabets[cases.below(3) == 0 ? cases.below(std::size(kAlphabets)) : cases.below(2)];
    Secrets secrets;
    const size_t secret_count = 1 + cases.below(3);
    // Short ones now and then: they switch the filter off.
    const size_t shortest = cases.below(4) == 0 ? 2 : 6;
    for (size_t i = 0; i < secret_count; ++i) {
      secrets.push_back({std::string(1, static_cast<char>('A' + i)), cases.word(alphabet, shortest + cases.below(8))});
    }
    const bool parts = cases.below(4) != 0;
    const Tables tables = tables_of(secrets, mask_anyway(secrets, parts ? Partial::kOn : Partial::kOff));
    StreamMasker masker = masker_of(tables);
    const oracle::Oracle oracle(secrets, parts ? oracle::Parts::kOn : oracle::Parts::kOff, oracle::Short::kMask);
    for (size_t i = 0; i < kInputsPerSet; ++i) {
      const std::string input = cases.text(alphabet, secrets);
      const std::string expected = oracle.mask(input);
      for (size_t k = 0; k < kCutsPerInput; ++k, ++done) {
        std::vector<size_t> cuts;
        for (size_t at = cases.below(input.size() + 1); k > 0 && at < input.size();
             at += 1 + cases.below(k < 4 ? 4 : 12)) {
          cuts.push_back(at);
        }
        const std::string found = mask_pieces(masker, input, cuts).text;
        if (found == expected) continue;
        std::string set;
        for (const auto& secret : secrets) set += " " + secret.name + "=" + secret.value;
        std::string at;
        for (const size_t cut : cuts) at += " " + std::to_string(cut);
        FAIL() << "seed " << seed << " case " << done << " parts " << parts << set << "\ninput    " << input
               << "\ncuts    " << at << "\nexpected " << expected << "\nfound    " << found;
      }
    }
  }
}

TEST(Split, RandomCases) {
  const char* count = std::getenv("CONFIDE_MASKING_CASES");
  const char* seed = std::getenv("CONFIDE_MASKING_SEED");
  random_cases(count != nullptr ? std::strtoull(count, nullptr, 10) : 200'000,
               seed != nullptr ? std::strtoull(seed, nullptr, 10) : 1);
}

}  // namespace
}  // namespace confide::masking::testing
