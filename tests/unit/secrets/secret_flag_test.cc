#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "policy/reference.h"

namespace confide::policy {
namespace {

struct Taken {
  std::string_view text;
  std::string_view name;
  std::string_view reference;
  Deliver deliver;
  std::string_view path;
};
constexpr Taken kTaken[] = {
    {"T=op://v/i/f", "T", "op://v/i/f", Deliver::kEnv, ""},
    {"T=op://v/i/f,deliver=env", "T", "op://v/i/f", Deliver::kEnv, ""},
    {"T=op://v/i/f,deliver=file", "T", "op://v/i/f", Deliver::kFile, ""},
    {"T=op://v/i/f,deliver=fd", "T", "op://v/i/f", Deliver::kFd, ""},
    {"T=op://v/i/f,deliver=stdin", "T", "op://v/i/f", Deliver::kStdin, ""},
    {"T=op://v/i/f,deliver=file,path=.env", "T", "op://v/i/f", Deliver::kFile, ".env"},
    {"T=op://v/i/f,path=/etc/x=y,deliver=file", "T", "op://v/i/f", Deliver::kFile, "/etc/x=y"},
    {"T=file:///a,b", "T", "file:///a,b", Deliver::kEnv, ""},
    {"T=file:///a,b,deliver=fd", "T", "file:///a,b", Deliver::kFd, ""},
    {"T=secret-service://a=b,c=d", "T", "secret-service://a=b,c=d", Deliver::kEnv, ""},
    {"T=secret-service://a=b,c=d,deliver=fd", "T", "secret-service://a=b,c=d", Deliver::kFd, ""},
    {"a.b-c=env:X", "a.b-c", "env:X", Deliver::kEnv, ""},
    {"T=stdin:,deliver=stdin", "T", "stdin:", Deliver::kStdin, ""},
};

TEST(SecretFlag, Taken) {
  for (const auto& [text, name, reference, deliver, path] : kTaken) {
    const auto flag = parse_secret_flag(text);
    ASSERT_TRUE(flag.has_value()) << text << ": " << flag.error().what;
    EXPECT_EQ(flag->name, name) << text;
    EXPECT_EQ(flag->reference.text, reference) << text;
    EXPECT_EQ(flag->deliver, deliver) << text;
    EXPECT_EQ(flag->path, path) << text;
  }
}

struct Case {
  std::string_view text;
  std::string_view error;
};
constexpr std::string_view kForm = "--secret takes NAME=REFERENCE[,deliver=env|file|fd|stdin][,path=PATH]";
constexpr Case kRefused[] = {
    {"T=op://v/i/f,deliver=pipe", "T: deliver is env, file, fd or stdin"},
    {"T=op://v/i/f,deliver=", "T: deliver is env, file, fd or stdin"},
    {"T=op://v/i/f,deliver=fd,deliver=env", "T: deliver is given twice"},
    {"T=file:///a,deliver=x/b,deliver=fd", "T: deliver is given twice"},
    {"T=op://v/i/f,path=a,path=b,deliver=file", "T: path is given twice"},
    {"T=op://v/i/f,path=,deliver=file", "T: path is empty"},
    {"T=op://v/i/f,path=.env", "T: path goes with deliver=file"},
    {"T=op://v/i/f,deliver=fd,path=.env", "T: path goes with deliver=file"},
    {"T=op://v/i",
     "T: column 9: invalid format: must be <vault>/<item>/[section/]field[?attribute=otp|totp]"
     "[?ssh-format=openssh]"},
    {"T=op://v/i/f,delivery=fd",
     "T: column 11: invalid character: names are letters, digits, '_', '.', '-' and spaces; "
     "for any other name use the item's id"},
};

TEST(SecretFlag, RefusalsNameTheSecret) {
  for (const auto& [text, error] : kRefused) {
    const auto flag = parse_secret_flag(text);
    ASSERT_FALSE(flag.has_value()) << text;
    EXPECT_EQ(flag.error(), (Error{ErrorKind::kRefused, 0, std::string(error)})) << text;
  }
}

TEST(SecretFlag, AValueInTheWrongPlaceIsNotRepeated) {
  for (const auto text : {"CANARY-1", "CANARY 2=x", "T=CANARY-3", "T=CANARY://4", "T=op://CANARY!/5", "T=env:CANARY 6",
                          "T=file:CANARY", "T=exec:CANARY 8", "T=x,deliver=CANARY", "1CANARY=x", "=CANARY"}) {
    const auto flag = parse_secret_flag(text);
    ASSERT_FALSE(flag.has_value()) << text;
    EXPECT_EQ(flag.error().what.find("CANARY"), std::string::npos) << flag.error().what;
  }
  EXPECT_TRUE(parse_secret_flag("T").error().what.starts_with(kForm));
}

TEST(Deliver, NamesRoundTrip) {
  for (const auto deliver : {Deliver::kEnv, Deliver::kFile, Deliver::kFd, Deliver::kStdin}) {
    EXPECT_EQ(parse_deliver(name_of(deliver)), deliver);
  }
  EXPECT_EQ(parse_deliver("Env"), std::nullopt);
}

}  // namespace
}  // namespace confide::policy
