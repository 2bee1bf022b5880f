// What of a value is masked: its lines, its components; what is too short or common; what cannot be.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "encoders.h"
#include "masking/assess.h"
#include "masking_support.h"

namespace confide::masking::testing {
namespace {

const std::string kPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n"
    "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n"
    "NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ\n"
    "qgtzJ6GR3eqoYSW9b9UMvkBpZODSctWSNGj3P7jRFDO5VoTwCQAWbFnOjDfH5Ulg\n"
    "-----END PRIVATE KEY-----\n";

TEST(Lines, AMultiLineValueHoweverItsLinesEnd) {
  const Tables tables = tables_of({{"KEY", kPem}});
  const std::string bare = kPem.substr(0, kPem.size() - 1);
  for (const std::string end : {"\n", "\r\n", "\\n", "\\r\\n", "\\\\n", "\n    ", " "}) {
    EXPECT_EQ(mask(tables, "k: " + replace_all(bare, "\n", end) + "|"), "k: " + marker("KEY") + "|") << end;
  }
}

TEST(Lines, EachLineAlone) {
  const Tables tables = tables_of({{"KEY", kPem}});
  EXPECT_EQ(mask(tables, "> NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ <"),
            "> " + marker("KEY") + " <");
  // Its armour is no secret.
  EXPECT_EQ(mask(tables, "-----BEGIN PRIVATE KEY-----\n"), "-----BEGIN PRIVATE KEY-----\n");
}

TEST(Lines, AMultiLineValueEncodedWithEitherLineEnd) {
  const Tables tables = tables_of({{"KEY", kPem}});
  for (const std::string end : {"\n", "\r\n"}) {
    const std::string text = wrap(to_base64(replace_all(kPem, "\n", end)), 76, "\n");
    const std::string masked = mask(tables, text);
    EXPECT_LT(masked.size(), marker("KEY").size() + 16) << masked;
    EXPECT_TRUE(masked.contains(marker("KEY")));
  }
}

TEST(Lines, ShortLinesCountAsPartsOfTheWhole) {
  const Tables tables = tables_of({{"S", "abc\ndef\nghi\njkl"}});
  EXPECT_EQ(mask(tables, "abc\ndef\nghi\njkl\n"), marker() + "\n");
  EXPECT_EQ(mask(tables, "abc\n"), "abc\n");
}

TEST(Components, PasswordOfAUrlAsWrittenAndDecoded) {
  const Tables tables = tables_of({{"URL", "postgres://app:q7%5EZr%2Fx9@db.internal:5432/shop?sslmode=require"}});
  EXPECT_EQ(mask(tables, "password q7%5EZr%2Fx9."), "password " + marker("URL") + ".");
  EXPECT_EQ(mask(tables, "password q7^Zr/x9."), "password " + marker("URL") + ".");
  EXPECT_EQ(mask(tables, to_base64("app:q7^Zr/x9")).substr(0, 5), to_base64("app:").substr(0, 5));
  EXPECT_TRUE(mask(tables, to_base64("app:q7^Zr/x9")).contains(marker("URL")));
  EXPECT_EQ(mask(tables, "db.internal:5432 is up"), "db.internal:5432 is up");
}

TEST(Components, TokensInUrls) {
  const Tables tables = tables_of({{"GIT", "https://ghx_16C7e42F292c6912E7710c83@github.com/o/r"},
                                   {"SIG", "https://h/x?v=1&sig=aB3%2Fd5Gh7&page=22222222"}});
  EXPECT_EQ(mask(tables, "ghx_16C7e42F292c6912E7710c83"), marker("GIT"));
  EXPECT_EQ(mask(tables, "aB3/d5Gh7"), marker("SIG"));
  EXPECT_EQ(mask(tables, "page=22222222"), "page=22222222");
}

TEST(Components, ConnectionStrings) {
  const Tables tables =
      tables_of({{"ADO", "Server=db1;User Id=app;Password=k9 Zq-4fT;Encrypt=True"},
                 {"PQ", "host=db2 user=app password='Xy7-plm2' dbname=shop"},
                 {"AZ", "DefaultEndpointsProtocol=https;AccountKey=c2VjcmV0LWtleQ==;EndpointSuffix=core"}});
  EXPECT_EQ(mask(tables, "k9 Zq-4fT"), marker("ADO"));
  EXPECT_EQ(mask(tables, "Xy7-plm2"), marker("PQ"));
  EXPECT_EQ(mask(tables, "c2VjcmV0LWtleQ=="), marker("AZ"));
  EXPECT_EQ(mask(tables, "Encrypt=True dbname=shop"), "Encrypt=True dbname=shop");
}

TEST(Components, SecretFieldsOfJson) {
  std::string json =
      R"({"type": "service_account", "project_id": "shop-prod-17", "private_key": "@", "auth_uri": "https://a.example/auth",
    "nested": {"db_password": "v\u00e9ry-s\"ecret", "port": 5432}, "api_keys": ["k-one-111", "k-two-222"]})";
  json = replace_all(json, "@", replace_all(kPem, "\n", "\\n"));
  const Tables tables = tables_of({{"JSON", json}});
  EXPECT_EQ(mask(tables, kPem), marker("JSON") + "\n");
  EXPECT_EQ(mask(tables, "v\xc3\xa9ry-s\"ecret"), marker("JSON"));
  EXPECT_EQ(mask(tables, "k-one-111 k-two-222"), marker("JSON") + " " + marker("JSON"));
  EXPECT_EQ(mask(tables, "shop-prod-17"), "shop-prod-17");
}

TEST(Assess, ShortAndCommonValuesAreLeftAloneWithAWarningByName) {
  const Tables tables = tables_of({{"A", "a"},
                                   {"B", "true"},
                                   {"C", "LocalHost"},
                                   {"D", "12345 "},
                                   {"E", "1234567"},
                                   {"F", "aaaaaaaa"},
                                   {"G", "fine-value"}});
  const std::vector<std::string> expected = {"A is too short to be masked (under 6 characters)",
                                             "B is too short to be masked (under 6 characters)",
                                             "C is too common to be masked (an everyday word or number)",
                                             "D is too short to be masked (under 6 characters)",
                                             "E is too common to be masked (an everyday word or number)",
                                             "F is too common to be masked (an everyday word or number)"};
  EXPECT_EQ(tables.warnings(), expected);
  EXPECT_EQ(mask(tables, "a true localhost 12345 1234567 aaaaaaaa fine-value"),
            "a true localhost 12345 1234567 aaaaaaaa " + marker("G"));
}

TEST(Assess, MaskedWherePolicySaysSo) {
  const Tables tables =
      tables_of({{"PIN", "4711"}, {"HOST", "localhost"}, {"NOT", "true"}}, {.mask_anyway = {"PIN", "HOST"}});
  EXPECT_EQ(mask(tables, "pin 4711 at localhost is true"),
            "pin " + marker("PIN") + " at " + marker("HOST") + " is true");
  EXPECT_EQ(tables.warnings().size(), 1U);
}

TEST(Assess, WhiteSpaceIsNotPartOfAValue) {
  EXPECT_EQ(assess(bytes_of("  abcde \n")), Assessment::kTooShort);
  EXPECT_EQ(assess(bytes_of(" password\n")), Assessment::kCommon);
  EXPECT_EQ(assess(bytes_of("a b c d e f")), Assessment::kOk);
  EXPECT_EQ(assess(bytes_of("")), Assessment::kTooShort);
}

TEST(Tables, RefusesWhatCannotBeMasked) {
  const auto create = [](std::string_view name, size_t size, int copies = 1) {
    const std::string value(size, 'x');
    std::vector<Secret> secrets;
    for (int i = 0; i < copies; ++i) secrets.push_back({std::string(name), bytes_of(value)});
    auto tables = Tables::create(secrets, {});
    return tables ? std::string() : tables.error().what;
  };
  EXPECT_EQ(create("A", kMaxValue), "");
  EXPECT_EQ(create("A", kMaxValue + 1), "masking: A is longer than 65536 bytes");
  EXPECT_EQ(create("A", 10, 2), "masking: A is there twice");
  EXPECT_EQ(create("", 10), "masking: not a name: ");
  EXPECT_EQ(create("A\nB", 10), "masking: not a name: A\\x0aB");
}

TEST(Tables, LongValues) {
  std::string value;
  unsigned state = 7;
  while (value.size() < 20000) {
    state = state * 1664525U + 1013904223U;
    value.push_back("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[(state >> 16) % 62]);
  }
  for (const size_t length : {193U, 1000U, 9000U, 20000U}) {
    const std::string part = value.substr(0, length);
    const Tables tables = tables_of({{"S", part}});
    EXPECT_TRUE(mask(tables, "a" + part + "b") == "a" + marker() + "b") << length;
    EXPECT_TRUE(mask(tables, "a" + part.substr(0, length - 10) + "|b") == "a" + marker() + "|b") << length;
    EXPECT_TRUE(mask(tables, wrap(part, 64, "\r\n")) == marker()) << length;
    EXPECT_LT(mask(tables, to_base64(part)).size(), 60U) << length;
    EXPECT_EQ(mask(tables, part.substr(0, 80) + "!"), part.substr(0, 80) + "!");
  }
}

// White space, or nothing but a terminal escape: of such a value some forms have no characters, and match nothing.
TEST(Tables, ValuesWithoutVisibleCharacters) {
  const std::vector<oracle::Secret> secrets = {
      {"BLANK", "        "}, {"ESCAPE", "\x1b[1;2;3;4;5;6m"}, {"S", "hunter2-hunter2"}};
  const Tables tables = tables_of(secrets, mask_anyway(secrets));
  EXPECT_EQ(mask(tables, "a  hunter2-hunter2 b"), "a  " + marker() + " b");
  EXPECT_EQ(tables.warnings(), std::vector<std::string>{"BLANK cannot be masked: it has no visible characters"});
}

TEST(Tables, TheLongestValueFits) {
  std::string value;
  for (int i = 0; value.size() < kMaxValue - 20; ++i)
    value += to_hex(std::to_string(i * 7919)) + (i % 9 == 0 ? "\n" : "z");
  const Tables tables = tables_of({{"S", value}});
  EXPECT_LT(tables.locked_bytes(), size_t{6} << 20);
  EXPECT_TRUE(mask(tables, "<" + value.substr(0, value.size() - 1) + ">") == "<" + marker() + ">");
  EXPECT_LT(mask(tables, wrap(to_base64(value), 76, "\n")).size(), 100U);
}

#if !defined(__SANITIZE_ADDRESS__)  // under which mlock(2) does nothing
// What cannot be locked is not used: nothing half-works.
TEST(Tables, FailsClosedWhereMemoryCannotBeLocked) {
  std::vector<oracle::Secret> secrets;
  for (int i = 0; i < 100; ++i)
    secrets.push_back({"S" + std::to_string(i), "value number " + std::to_string(i * 7919)});
  std::vector<Secret> given;
  for (const oracle::Secret& secret : secrets) given.push_back({secret.name, bytes_of(secret.value)});
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{64 << 10, 64 << 10};
    // Root may lock what it likes.
    const bool ready =
        ::setrlimit(RLIMIT_MEMLOCK, &limit) == 0 && (::geteuid() != 0 || ::setresuid(65534, 65534, 65534) == 0);
    const auto tables = Tables::create(given, {});
    const bool refused =
        !tables && tables.error().kind == ErrorKind::kUnsupported && tables.error().what.contains("RLIMIT_MEMLOCK");
    ::_exit(ready ? refused ? 0 : 1 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}
#endif

TEST(Tables, AThousandSecretsFitTheUsualLimit) {
  std::vector<oracle::Secret> secrets;
  for (int i = 0; i < 1000; ++i)
    secrets.push_back({"S" + std::to_string(i), to_base64("secret number " + std::to_string(i * 7919)).substr(0, 32)});
  const Tables tables = tables_of(secrets);
  EXPECT_LT(tables.locked_bytes(), size_t{7} << 20);
  EXPECT_EQ(mask(tables, "x " + secrets[77].value + " y"), "x " + marker("S77") + " y");
}

}  // namespace
}  // namespace confide::masking::testing
